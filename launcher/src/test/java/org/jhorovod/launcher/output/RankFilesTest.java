package org.jhorovod.launcher.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jhorovod.launcher.agent.AgentEvent.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(20)
class RankFilesTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir Path folder;

    @ParameterizedTest(name = "{0} ranks")
    @CsvSource({
        "1, rank.0, rank.0",
        "2, rank.0, rank.1",
        "10, rank.0, rank.9",
        "11, rank.00, rank.10",
        "101, rank.000, rank.100"
    })
    void folders_haveNumbersOfEqualLength(int size, String first, String last) throws IOException {
        create(folder.resolve("new/logs"), size);
        try (var folders = Files.list(folder.resolve("new/logs"))) {
            List<String> names = folders.map(f -> f.getFileName().toString()).sorted().toList();
            assertThat(names).hasSize(size).startsWith(first).endsWith(last);
        }
        assertThat(folder.resolve("new/logs").resolve(last))
                .isDirectoryContaining("glob:**/stdout");
        assertThat(folder.resolve("new/logs").resolve(last))
                .isDirectoryContaining("glob:**/stderr");
    }

    @Test
    void files_holdEachByteAsItCame_besideTheConsole() throws IOException {
        Console console = console(2);
        byte[] bytes = {'a', '\r', (byte) 0xc3, 0, '\n', (byte) 0xff};
        console.write(1, Stream.STDOUT, bytes);
        assertThat(file("rank.1/stdout")).as("at once").hasBinaryContent(bytes);
        console.write(1, Stream.STDERR, utf8("err\n"));
        console.write(1, Stream.STDOUT, utf8("last"));
        console.end(1);
        assertThat(Files.readAllBytes(file("rank.1/stdout"))).startsWith(bytes).endsWith('s', 't');
        assertThat(file("rank.1/stderr")).hasContent("err\n");
        assertThat(file("rank.0/stdout")).isEmptyFile();
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("[1]<stdout>:a\r[1]<stdout>:");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("[1]<stderr>:err\n");
    }

    @Test
    void files_takeWhatComesAfterTheEnd() throws IOException {
        Console console = console(1);
        console.write(0, Stream.STDOUT, utf8("a"));
        console.end(0);
        console.write(0, Stream.STDOUT, utf8("b"));
        assertThat(file("rank.0/stdout")).hasContent("ab");
    }

    @Test
    void files_ofAnEarlierJob_areReplaced_andNothingElse() throws IOException {
        for (int rank = 0; rank < 12; rank++) {
            console(12).write(rank, Stream.STDOUT, utf8("old"));
        }
        Files.writeString(file("rank.03/mine"), "mine");
        Files.writeString(file("rank.0.txt"), "mine");
        create(folder, 2);
        assertThat(folder.toFile().list())
                .containsExactlyInAnyOrder("rank.0", "rank.1", "rank.03", "rank.0.txt");
        assertThat(file("rank.0/stdout")).isEmptyFile();
        assertThat(file("rank.03")).isDirectoryNotContaining("glob:**/std*");
    }

    @Test
    void files_ofAnEarlierJob_stay_untilARankOfThisOneHasRun() throws IOException {
        console(1).write(0, Stream.STDOUT, utf8("old"));
        Console next = new Console(out, err, false, Optional.of(RankFiles.prepare(folder, 1)));
        assertThat(file("rank.0/stdout")).hasContent("old");
        next.end(0);
        assertThat(file("rank.0/stdout")).isEmptyFile();
    }

    @Test
    void folder_mayBeBehindALink() throws IOException {
        Path real = Files.createDirectory(folder.resolve("real"));
        create(Files.createSymbolicLink(folder.resolve("link"), real), 1);
        assertThat(real.resolve("rank.0/stdout")).isEmptyFile();
    }

    @Test
    void create_fails_whereAFileIsInTheWay() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> create(file, 1)).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> create(file.resolve("below"), 1))
                .isInstanceOf(FileSystemException.class);
    }

    /** On /dev/full every write fails as on a full disk. */
    @Test
    void writeError_isToldOnce_andTheConsoleGoesOn() throws IOException {
        Console console = console(2);
        Files.delete(file("rank.0/stdout"));
        Files.createSymbolicLink(file("rank.0/stdout"), Path.of("/dev/full"));
        for (int i = 0; i < 3; i++) {
            console.write(0, Stream.STDOUT, utf8(i + "\n"));
        }
        console.end(0);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualTo("[0]<stdout>:0\n[0]<stdout>:1\n[0]<stdout>:2\n");
        assertThat(err.toString(StandardCharsets.UTF_8))
                .hasLineCount(1)
                .contains("output is no longer written to files")
                .contains("No space left on device");
    }

    private Console console(int size) throws IOException {
        return new Console(out, err, false, Optional.of(create(folder, size)));
    }

    private static RankFiles create(Path folder, int size) throws IOException {
        RankFiles files = RankFiles.prepare(folder, size);
        files.begin();
        return files;
    }

    private Path file(String name) {
        return folder.resolve(name);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
