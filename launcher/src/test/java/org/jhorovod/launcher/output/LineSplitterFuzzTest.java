package org.jhorovod.launcher.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class LineSplitterFuzzTest {

    private static byte[] lines(byte[] bytes, int pieceBytes) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        LineSplitter splitter =
                new LineSplitter(
                        (part, ending) -> {
                            lines.writeBytes(part);
                            lines.writeBytes(ending.name().getBytes(StandardCharsets.US_ASCII));
                        });
        for (int from = 0; from < bytes.length; from += pieceBytes) {
            splitter.add(
                    Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + pieceBytes)));
        }
        splitter.end();
        return lines.toByteArray();
    }

    static Stream<byte[]> seeds() {
        return Stream.of("a\nb\r\nc\rd", "\r\r\n\n", "10 %\r20 %\rä€")
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void lines_areTheSame_whereverReadsCutThem(byte[] bytes) {
        assertThat(lines(bytes, 1)).isEqualTo(lines(bytes, Math.max(1, bytes.length)));
    }
}
