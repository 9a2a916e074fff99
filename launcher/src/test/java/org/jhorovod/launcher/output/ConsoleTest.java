package org.jhorovod.launcher.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.jhorovod.launcher.agent.AgentEvent.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ConsoleTest {
    private static final long SEED = 20260101;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(out, err, false);

    @Test
    void lines_carryRankAndStream() throws IOException {
        write(0, "a\nb\n");
        console.write(1, Stream.STDERR, bytes("c\n"));
        assertThat(printed()).isEqualTo("[0]<stdout>:a\n[0]<stdout>:b\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("[1]<stderr>:c\n");
    }

    @Test
    void lines_areSplitAtReturns_asProgressBarsWriteThem() throws IOException {
        write(0, "\r10 %");
        write(0, "\r20 %");
        write(0, "\r\nend\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:10 %\r[0]<stdout>:20 %\n[0]<stdout>:end\n");
    }

    @Test
    void returnAndNewline_areOneEnd_evenInTwoReads() throws IOException {
        write(0, "a\r");
        write(0, "\nb\r\n\r\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:a\n[0]<stdout>:b\n[0]<stdout>:\n");
    }

    @Test
    void emptyLines_stay() throws IOException {
        write(0, "\n\na\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:\n[0]<stdout>:\n[0]<stdout>:a\n");
    }

    @Test
    void unfinishedLine_comesAtTheEnd_withANewline() throws IOException {
        write(0, "a\nlast");
        assertThat(printed()).isEqualTo("[0]<stdout>:a\n");
        console.end(0);
        assertThat(printed()).isEqualTo("[0]<stdout>:a\n[0]<stdout>:last\n");
    }

    @Test
    void ranks_doNotMixWithinLines() throws IOException {
        write(0, "one ");
        write(1, "two\n");
        write(0, "line\n");
        assertThat(printed()).isEqualTo("[1]<stdout>:two\n[0]<stdout>:one line\n");
    }

    @Test
    void prompt_isShownOnceItHasStoodStill_andItsLineGoesOn() throws IOException {
        write(0, "name? ");
        console.flush();
        assertThat(printed()).isEmpty();
        console.flush();
        console.flush();
        assertThat(printed()).isEqualTo("[0]<stdout>:name? ");
        write(0, "x\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:name? x\n");
    }

    @Test
    void unfinishedLine_ofARankThatNobodyCanAnswer_waitsLonger() throws IOException {
        write(1, "line of 1, ");
        for (int flush = 1; flush <= 5; flush++) {
            console.flush();
            assertThat(printed()).isEmpty();
        }
        write(1, "still ");
        console.flush();
        write(2, "line of 2\n");
        write(1, "whole\n.");
        assertThat(printed())
                .isEqualTo("[2]<stdout>:line of 2\n[1]<stdout>:line of 1, still whole\n");
        for (int flush = 1; flush <= 6; flush++) {
            console.flush();
        }
        assertThat(printed()).endsWith("\n[1]<stdout>:.");
    }

    @Test
    void prompt_isEndedByANewline_whenItsRankEnds() throws IOException {
        write(0, "name? ");
        console.flush();
        console.flush();
        console.end(0);
        assertThat(printed()).isEqualTo("[0]<stdout>:name? \n");
        assertThat(console.lastLines(0)).containsExactly("name? ");
    }

    @Test
    void prompt_isEndedByANewline_whenAnotherSpeaks() throws IOException {
        write(0, "name? ");
        console.flush();
        console.flush();
        write(1, "b\n");
        write(0, "x\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:name? \n[1]<stdout>:b\n[0]<stdout>:x\n");
    }

    @Test
    void characters_stayWhole_howeverTheirBytesArrive() throws IOException {
        String text = "äöü €\r𝄞 ß\n日本語\nend";
        byte[] all = bytes(text);
        Random random = new Random(SEED);
        for (int round = 0; round < 500; round++) {
            ByteArrayOutputStream target = new ByteArrayOutputStream();
            Console cut = new Console(target, err, false);
            for (int from = 0; from < all.length; ) {
                int to = Math.min(all.length, from + 1 + random.nextInt(3));
                cut.write(5, Stream.STDOUT, Arrays.copyOfRange(all, from, to));
                from = to;
            }
            cut.end(5);
            assertThat(target.toString(StandardCharsets.UTF_8))
                    .as("round %d of seed %d", round, SEED)
                    .isEqualTo(
                            "[5]<stdout>:äöü €\r"
                                    + "[5]<stdout>:𝄞 ß\n"
                                    + "[5]<stdout>:日本語\n"
                                    + "[5]<stdout>:end\n");
        }
    }

    @Test
    void flush_keepsTheBeginningOfACharacterBack() throws IOException {
        byte[] all = bytes("a€");
        console.write(0, Stream.STDOUT, Arrays.copyOf(all, 3));
        console.flush();
        console.flush();
        assertThat(printed()).isEqualTo("[0]<stdout>:a");
        console.write(0, Stream.STDOUT, new byte[] {all[3]});
        console.end(0);
        assertThat(printed()).isEqualTo("[0]<stdout>:a€\n");
    }

    @Test
    void hugeLine_isPassedOnInParts() throws IOException {
        String line = "x".repeat(300_000);
        write(0, line);
        assertThat(out.size()).isGreaterThan(200_000);
        write(0, "\n");
        assertThat(printed()).isEqualTo("[0]<stdout>:" + line + "\n");
    }

    @Test
    void terminal_erasesAProgressBar_beforeAnotherLine() throws IOException {
        Console terminal = new Console(out, err, true);
        terminal.write(0, Stream.STDOUT, bytes("50 %\r51 %\r"));
        terminal.write(1, Stream.STDOUT, bytes("b\n"));
        assertThat(printed()).isEqualTo("[0]<stdout>:50 %\r\033[K[1]<stdout>:b\n");
    }

    @Test
    void lastLines_areOfBothStreams_andLeaveOutProgress() throws IOException {
        for (int i = 0; i < 30; i++) {
            write(0, i + "\n");
        }
        write(0, "10 %\r");
        console.write(0, Stream.STDERR, bytes("boom\n"));
        assertThat(console.lastLines(0)).hasSize(20).startsWith("11").endsWith("29", "boom");
        assertThat(console.lastLines(7)).isEmpty();
    }

    @Test
    void write_fails_whenNobodyReads() {
        Console broken =
                new Console(
                        new OutputStream() {
                            @Override
                            public void write(int b) throws IOException {
                                throw new IOException("Broken pipe");
                            }
                        },
                        err,
                        false);
        assertThatThrownBy(() -> broken.write(0, Stream.STDOUT, bytes("a\n")))
                .isInstanceOf(IOException.class);
    }

    private void write(int rank, String text) throws IOException {
        console.write(rank, Stream.STDOUT, bytes(text));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }
}
