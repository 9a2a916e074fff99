package org.jhorovod.launcher.spark;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.Progress;

/**
 * Writes down which rows a rank makes each step with. In the first attempt rank 0 stops in the
 * middle of the second epoch, and waits to be killed.
 */
final class SampleRecord extends TrainingListenerAdapter {
    /** Between two checkpoints, in the second of three epochs. */
    static final long FATAL_STEP = 310;

    private static final String VICTIM = "victim";
    private static final String PREFIX = "rows-";

    private final RankContext rank;
    private final Path folder;

    SampleRecord(RankContext rank, Path folder) {
        this.rank = rank;
        this.folder = folder;
    }

    /**
     * A step of a rank.
     *
     * @param attempt from 0
     * @param step over all attempts, from 1
     * @param epoch from 0
     */
    record Step(int attempt, long step, int epoch, List<Long> rows) {}

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batch) {
        Progress progress = ((DistributedTrainer) trainer).progress();
        long step = progress.steps() + 1;
        List<?> rows = batch.getBatch().getIndices();
        String line = "%d %d %s%n".formatted(step, progress.epochs(), join(rows));
        try {
            String name = "%s%d-%d".formatted(PREFIX, rank.restarts(), rank.rank());
            Files.writeString(
                    folder.resolve(name),
                    line,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            if (rank.restarts() == 0 && rank.rank() == 0 && step == FATAL_STEP) {
                awaitDeath();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String join(List<?> rows) {
        return String.join(",", rows.stream().map(String::valueOf).toList());
    }

    private void awaitDeath() throws IOException {
        Path whole = folder.resolve(VICTIM + ".part");
        Files.writeString(whole, String.valueOf(ProcessHandle.current().pid()));
        Files.move(whole, folder.resolve(VICTIM), StandardCopyOption.ATOMIC_MOVE);
        LockSupport.parkNanos(Duration.ofSeconds(60).toNanos());
    }

    /** The process that waits to be killed, if it does yet. */
    static boolean isVictimReady(Path folder) {
        return Files.exists(folder.resolve(VICTIM));
    }

    static long victim(Path folder) throws IOException {
        return Long.parseLong(Files.readString(folder.resolve(VICTIM)));
    }

    /** All that was written down. */
    static List<Step> read(Path folder) throws IOException {
        List<Step> steps = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.startsWith(PREFIX)) {
                    int attempt = Integer.parseInt(name.split("-", -1)[1]);
                    Files.readAllLines(file).forEach(line -> steps.add(parse(attempt, line)));
                }
            }
        }
        return steps;
    }

    private static Step parse(int attempt, String line) {
        String[] words = line.split(" ", -1);
        List<Long> rows = Stream.of(words[2].split(",", -1)).map(Long::valueOf).toList();
        return new Step(attempt, Long.parseLong(words[0]), Integer.parseInt(words[1]), rows);
    }
}
