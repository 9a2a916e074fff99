package org.jhorovod.launcher.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jhorovod.launcher.agent.AgentEvent;
import org.junit.jupiter.params.provider.MethodSource;

class MpirunOutputFuzzTest {

    /** What each stream of each rank said, and how ranks ended. */
    private static Map<String, String> heard(byte[] bytes, int pieceBytes) throws IOException {
        Map<String, String> heard = new TreeMap<>();
        MpirunOutput.Sink sink =
                new MpirunOutput.Sink() {
                    @Override
                    public void wrote(int rank, AgentEvent.Stream stream, byte[] piece) {
                        heard.merge(
                                rank + " " + stream,
                                new String(piece, StandardCharsets.ISO_8859_1),
                                String::concat);
                    }

                    @Override
                    public void exited(int rank, int code) {
                        heard.merge("exits", rank + " " + code + ";", String::concat);
                    }

                    @Override
                    public void said(String line) {
                        heard.merge("mpirun", line + ";", String::concat);
                    }
                };
        MpirunOutput output = new MpirunOutput(sink, true);
        for (int from = 0; from < bytes.length; from += pieceBytes) {
            output.add(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + pieceBytes)));
        }
        output.end();
        return heard;
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "[1,0]<stdout>:a[1,1]<stderr>:b[exit 1]mpirun: said\n",
                        "[1,0]<stdiag>:[[1,2]<std[1,999999999]<stdout>:[exit 999]",
                        "no tag\n[1,")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void output_isTheSame_whereverReadsCutIt(byte[] bytes) throws IOException {
        assertThat(heard(bytes, 1)).isEqualTo(heard(bytes, Math.max(1, bytes.length)));
    }
}
