package org.jhorovod.djl.listener;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are there as a whole or not at all, whenever the process or the machine fails: they
 * are written elsewhere on the same file system, brought to the disk, and renamed. Stateless.
 */
final class AtomicFile {
    private AtomicFile() {}

    /** Puts a text into a file, in place of what is there. */
    static void write(Path file, String text) throws IOException {
        Path written = file.resolveSibling("." + file.getFileName() + ".new");
        Files.writeString(written, text);
        publish(written, file);
    }

    /** Moves a file that has been written to its place, in place of what is there. */
    static void publish(Path written, Path file) throws IOException {
        force(written, StandardOpenOption.WRITE);
        Files.move(
                written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            force(folder, StandardOpenOption.READ); // the new name too
        }
    }

    private static void force(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }
}
