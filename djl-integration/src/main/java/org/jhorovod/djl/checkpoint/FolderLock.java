package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps two trainings from writing checkpoints into one folder. The system lets it go when the
 * process ends, however it ends.
 */
public final class FolderLock implements AutoCloseable {
    private static final String FILE = ".lock";
    private static final long LOOK_MILLIS = 50;

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the folder for this process.
     *
     * @param patience how long a process before may still take to end
     * @throws CheckpointException if another keeps it
     */
    public static FolderLock take(Path folder, Duration patience) throws IOException {
        Files.createDirectories(folder);
        FileChannel channel =
                FileChannel.open(
                        folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            long deadlineNanos = System.nanoTime() + patience.toNanos();
            while (tryLock(channel) == null) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new CheckpointException(
                            "Another training keeps its checkpoints in %s, and has not ended within %d s. End it, or name another folder."
                                    .formatted(folder.toAbsolutePath(), patience.toSeconds()));
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
            return new FolderLock(channel);
        } catch (InterruptedException e) {
            channel.close();
            Thread.currentThread().interrupt();
            throw new CheckpointException("Interrupted while waiting for " + folder, e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // another trainer of this process
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
