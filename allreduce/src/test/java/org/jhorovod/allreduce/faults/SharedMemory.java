package org.jhorovod.allreduce.faults;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/**
 * A folder by which the ranks of a trial share memory: a small tmpfs of its own where this process
 * may mount one, otherwise an ordinary folder, which cannot be filled.
 */
final class SharedMemory implements AutoCloseable {
    private static final String SIZE = "32m";
    private static final int MOUNT_SECONDS = 30;

    private final Path folder;
    private final String whyNotBounded;
    private final Thread atExit = new Thread(this::remove, "remove-shared-memory");

    private SharedMemory(Path folder, String whyNotBounded) {
        this.folder = folder;
        this.whyNotBounded = whyNotBounded;
    }

    /** Makes the folder. */
    static SharedMemory open() throws IOException {
        Path folder = Files.createTempDirectory("jhorovod-faults-shm-");
        String why = run("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", folder.toString());
        SharedMemory memory = new SharedMemory(folder, why);
        Runtime.getRuntime().addShutdownHook(memory.atExit); // where a test is interrupted
        return memory;
    }

    Path folder() {
        return folder;
    }

    /** Why it cannot be full; empty if it can. */
    String whyNotBounded() {
        return whyNotBounded;
    }

    /** Takes all the space that there is, but so many bytes. */
    void fill(long leftBytes) throws IOException {
        long taken = 0;
        try (FileChannel channel =
                FileChannel.open(
                        filler(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            try {
                while (true) {
                    taken += channel.write(ByteBuffer.allocate(1 << 12));
                }
            } catch (IOException e) {
                channel.truncate(Math.max(0, taken - leftBytes));
            }
        }
    }

    /** Gives back what {@link #fill} has taken. */
    void giveBack() throws IOException {
        Files.deleteIfExists(filler());
    }

    /** Removes all files, for the next trial. */
    void clear() throws IOException {
        MoreFiles.deleteDirectoryContents(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }

    private Path filler() {
        return folder.resolve("filler");
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        remove();
    }

    private void remove() {
        try {
            if (whyNotBounded.isEmpty()) {
                String why = run("umount", "--lazy", folder.toString());
                if (!why.isEmpty()) {
                    throw new IOException(why);
                }
            }
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(String... command) throws IOException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String printed =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(MOUNT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(command[0] + " does not end");
            }
            return process.exitValue() == 0 ? "" : command[0] + " failed: " + printed.strip();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
