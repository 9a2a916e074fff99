package org.jhorovod.djl.listener;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jhorovod.djl.checkpoint.Disk;

/**
 * Files that are there as a whole or not at all, whenever the process or the machine fails: they
 * are written elsewhere on the same file system, brought to the disk, and renamed. Stateless.
 */
final class AtomicFile {
    private AtomicFile() {}

    /** What a file is to hold. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Puts something into a file, in place of what is there.
     *
     * @param written where it is written before, in the same folder; what an attempt before has
     *     left there goes
     */
    static void write(Path file, Path written, Content content) throws IOException {
        try (FileOutputStream out = new FileOutputStream(written.toFile())) {
            BufferedOutputStream buffered = new BufferedOutputStream(out);
            content.writeTo(buffered);
            buffered.flush();
            out.getFD().sync();
        }
        Files.move(
                written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Disk.forceNames(folder);
        }
    }
}
