package org.jhorovod.djl.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jhorovod.djl.checkpoint.Description.Position;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CheckpointFolderTest {
    private static final int TRIALS = 200;

    @TempDir private Path root;

    private static Description description(long step) {
        return new Description(
                Description.FORMAT,
                step,
                7,
                2,
                new Position(1, 0, 2, 640, 99, 3),
                List.of("01Linear_weight float32(2, 3)"),
                "mlp-0001.params",
                new Description.Optimizer(
                        "ai.djl.training.optimizer.Adam",
                        12,
                        Map.of("01Linear_weight", 12),
                        List.of("means/01Linear_weight")),
                List.of(),
                List.of());
    }

    private static SnapshotMemory memory(long seed, int byteCount) {
        byte[] bytes = new byte[byteCount];
        new Random(seed).nextBytes(bytes);
        SnapshotMemory memory = new SnapshotMemory();
        memory.write(bytes, 0, byteCount);
        return memory;
    }

    private static Path write(CheckpointFolder folder, long step) throws IOException {
        return folder.write(
                description(step),
                Map.of(
                        "mlp-0001.params",
                        memory(step, 5000),
                        "optimizer.ndlist",
                        memory(step + 1, 3_000_000)));
    }

    @Test
    void newest_isTheOneOfTheLastStep_asItWasWritten() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        folder.prepare();
        write(folder, 90);
        write(folder, 100);

        Checkpoint newest = folder.newest().orElseThrow();

        assertThat(newest.path()).hasFileName("checkpoint-0000000100");
        assertThat(newest.description()).isEqualTo(description(100));
        SnapshotMemory read = new SnapshotMemory();
        newest.open("optimizer.ndlist").transferTo(read);
        assertThat(read.byteCount()).isEqualTo(3_000_000);
    }

    @Test
    void nothing_isFound_whereNothingWasWritten() throws IOException {
        assertThat(new CheckpointFolder(root.resolve("none")).newest()).isEmpty();
    }

    @Test
    void newest_isNotTheOneWithADamagedByte_butTheOneBefore() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path before = write(folder, 10);
        Path damaged = write(folder, 20);
        List<Path> files = files(damaged);
        Random random = new Random(20261126);

        for (int trial = 0; trial < TRIALS; trial++) {
            // As many times each file: the small ones hold what is read first.
            Path file = files.get(trial % files.size());
            byte[] right = Files.readAllBytes(file);
            byte[] wrong = damage(right, random);
            Files.write(file, wrong);

            assertThat(folder.newest().orElseThrow().path())
                    .as("trial %d, %s", trial, file)
                    .isEqualTo(before);

            Files.write(file, right);
        }
        assertThat(folder.newest().orElseThrow().path()).isEqualTo(damaged);
    }

    private static byte[] damage(byte[] right, Random random) {
        int at = random.nextInt(right.length);
        if (random.nextBoolean()) {
            return Arrays.copyOf(right, at);
        }
        byte[] wrong = right.clone();
        wrong[at] ^= (byte) (1 << random.nextInt(8));
        return wrong;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void damage_isNamedWithItsFile_whenNoOtherIsLeft() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path only = write(folder, 20);
        try (FileChannel file =
                FileChannel.open(only.resolve("mlp-0001.params"), StandardOpenOption.WRITE)) {
            file.truncate(100);
        }

        assertThatThrownBy(folder::newest)
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("None of the checkpoints in " + root)
                .hasMessageContaining("checkpoint-0000000020");
    }

    @Test
    void missingFile_andAddedFile_areRefused() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path before = write(folder, 10);
        Path last = write(folder, 20);
        Files.writeString(last.resolve("more"), "x");
        assertThat(folder.newest().orElseThrow().path()).isEqualTo(before);
        Files.delete(last.resolve("more"));
        Files.delete(last.resolve("optimizer.ndlist"));
        assertThat(folder.newest().orElseThrow().path()).isEqualTo(before);
    }

    @Test
    void keep_leavesTheNewest() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        for (long step : new long[] {10, 20, 30, 10_000_000_000L}) {
            write(folder, step);
            folder.keep(2, step);
        }

        assertThat(files(root))
                .extracting(path -> path.getFileName().toString())
                .containsExactlyInAnyOrder("checkpoint-0000000030", "checkpoint-10000000000");
    }

    @Test
    void keep_leavesWhatWasJustWritten_thoughDamagedOnesAreNewer() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path damaged = write(folder, 200);
        Files.writeString(damaged.resolve("checkpoint.json"), "{}");
        write(folder, 190);
        Path written = write(folder, 195);

        folder.keep(1, 195);

        assertThat(folder.newest().orElseThrow().path()).isEqualTo(written);
    }

    @Test
    void prepare_removesWhatWasBegun_andNothingElse() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path good = write(folder, 10);
        Files.createDirectories(root.resolve(".writing-checkpoint-0000000020"));
        Files.writeString(root.resolve(".writing-checkpoint-0000000020/part"), "x");
        Files.createDirectories(root.resolve(".removed-checkpoint-0000000001"));
        Files.writeString(root.resolve("notes.txt"), "of the user");

        folder.prepare();

        assertThat(files(root)).containsExactlyInAnyOrder(good, root.resolve("notes.txt"));
    }

    @Test
    void refusedOne_isReplacedWhenItsStepComesAgain() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(root);
        Path path = write(folder, 10);
        Files.writeString(path.resolve("checkpoint.json"), "{}");

        write(folder, 10);

        assertThat(folder.newest().orElseThrow().description().step()).isEqualTo(10);
    }

    @Test
    void newerFormat_isRefusedWithTheRemedy() {
        String text = description(1).encode().replace("\"format\": 1", "\"format\": 2");

        assertThatThrownBy(() -> Description.decode(text))
                .hasMessageContaining("format 2")
                .hasMessageContaining("the version that wrote it");
        assertThatThrownBy(() -> Description.decode("no json")).hasMessageContaining("description");
        assertThatThrownBy(() -> Description.decode("")).hasMessageContaining("format");
    }

    @Test
    void writer_tellsThatItFailed_andGoesOn() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "", StandardCharsets.UTF_8);
        CheckpointFolder inFile = new CheckpointFolder(file);
        try (CheckpointWriter writer = new CheckpointWriter(inFile, 3)) {
            writer.write(description(1), Map.of());
            assertThat(writer.await()).isFalse();
        }
        try (CheckpointWriter writer = new CheckpointWriter(new CheckpointFolder(root), 1)) {
            writer.write(description(1), Map.of());
            assertThat(writer.await()).isTrue();
            writer.write(description(2), Map.of());
        }
        assertThat(new CheckpointFolder(root).newest().orElseThrow().description().step())
                .isEqualTo(2);
    }

    @Test
    void lock_isGivenToOne_andWhoWaitsIsToldWhy() throws IOException {
        FolderLock first = FolderLock.take(root, Duration.ZERO);
        assertThatThrownBy(() -> FolderLock.take(root, Duration.ofMillis(1)))
                .hasMessageContaining("Another training")
                .hasMessageContaining(root.toString());
        first.close();
        FolderLock.take(root, Duration.ZERO).close();
    }
}
