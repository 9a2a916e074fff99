package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints on a thread of its own, one at a time. A fault is logged and ends nothing: a
 * training of days is worth more than its next checkpoint. Used by the training thread.
 */
public final class CheckpointWriter implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final CheckpointFolder folder;
    private final int keep;
    private final ExecutorService thread;
    private @Nullable Future<Boolean> latest; // null before the first

    /**
     * Into a folder that is prepared.
     *
     * @param keep how many stay
     */
    public CheckpointWriter(CheckpointFolder folder, int keep) {
        this.folder = folder;
        this.keep = keep;
        this.thread =
                Executors.newSingleThreadExecutor(
                        task -> {
                            Thread writer = new Thread(task, "checkpoint-writer");
                            writer.setDaemon(true);
                            return writer;
                        });
    }

    /** Whether the one before is written. */
    public boolean isIdle() {
        Future<Boolean> known = latest;
        return known == null || known.isDone();
    }

    /**
     * Writes a checkpoint, whose memory is the writer's until {@link #isIdle()}. Does not block.
     *
     * @param files by name
     */
    public void write(Description description, Map<String, SnapshotMemory> files) {
        if (!isIdle()) {
            throw new IllegalStateException("bug: the checkpoint before is still being written");
        }
        latest = thread.submit(() -> run(description, files));
    }

    private boolean run(Description description, Map<String, SnapshotMemory> files) {
        try {
            long start = System.nanoTime();
            Path path = folder.write(description, files);
            folder.keep(keep);
            logger.debug("{} took {} ms", path, (System.nanoTime() - start) / 1_000_000);
            return true;
        } catch (IOException | RuntimeException e) {
            logger.error(
                    "{} could not be written in {}: {}. The training goes on, and would resume from"
                            + " the checkpoint before. Make room, or mend what is wrong.",
                    CheckpointFolder.name(description.step()),
                    folder,
                    e.toString());
            return false;
        }
    }

    /**
     * Waits until the latest is written.
     *
     * @return whether it is there
     */
    public boolean await() {
        Future<Boolean> known = latest;
        if (known == null) {
            return true;
        }
        try {
            return known.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("bug: the writer tells its faults itself", e);
        } catch (TimeoutException e) {
            logger.error(
                    "A checkpoint is not written in {} after {} s. The disk does not answer.",
                    folder,
                    PATIENCE.toSeconds());
            return false;
        }
    }

    /** Waits for the checkpoint that is being written. */
    @Override
    public void close() {
        thread.shutdown();
        await();
    }
}
