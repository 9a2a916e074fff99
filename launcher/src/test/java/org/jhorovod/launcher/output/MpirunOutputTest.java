package org.jhorovod.launcher.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.launcher.agent.AgentEvent.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MpirunOutputTest implements MpirunOutput.Sink {
    private final StringBuilder ofRank0 = new StringBuilder();
    private final StringBuilder ofRank1 = new StringBuilder();
    private final List<String> others = new ArrayList<>();

    @ParameterizedTest(name = "pieces of {0} bytes")
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void ranksOutput_isWhole_whereverItIsCut(int bytes) throws IOException {
        String stream =
                "[1,0]<stdout>:ab\u00fe[1,1]<stdout>:c\r"
                        + "[1,0]<stdout>:\u00ff1,1]<stdout>:d\u00fe[1,1]<stdout>:e[\n";
        add(new MpirunOutput(this, false), stream, bytes);
        assertThat(ofRank0.toString()).isEqualTo("ab\n[1,1]<stdout>:d\n");
        assertThat(ofRank1.toString()).isEqualTo("c\re\u00ff\u00fe"); // what was FF and FE before
        assertThat(others).isEmpty();
    }

    @ParameterizedTest(name = "pieces of {0} bytes")
    @ValueSource(ints = {1, 5, 100})
    void exits_areTold_andMpirunsOwnLines(int bytes) throws IOException {
        String stream =
                "early [x|[1,1]<stderr>:oh\u00fe[1,1]<stderr>:[exit 137]--|[h:1] late|[1,0]<stderr>:[exit 0]"
                        .replace('|', '\n');
        add(new MpirunOutput(this, true), stream, bytes);
        assertThat(ofRank1.toString()).isEqualTo("oh\n");
        assertThat(others).containsExactly("early [x", "1=137", "--", "[h:1] late", "0=0");
    }

    @Test
    void whatIsLeft_isHandedOn_atTheEnd() throws IOException {
        add(new MpirunOutput(this, true), "mpirun: not found", 100);
        assertThat(others).containsExactly("mpirun: not found");
    }

    private static void add(MpirunOutput output, String text, int bytes) throws IOException {
        for (int from = 0; from < text.length(); from += bytes) {
            String piece = text.substring(from, Math.min(text.length(), from + bytes));
            output.add(piece.getBytes(StandardCharsets.ISO_8859_1));
        }
        output.end();
    }

    @Override
    public void wrote(int rank, Stream stream, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        (rank == 0 ? ofRank0 : ofRank1).append(text);
    }

    @Override
    public void exited(int rank, int code) {
        others.add(rank + "=" + code);
    }

    @Override
    public void said(String line) {
        others.add(line);
    }
}
