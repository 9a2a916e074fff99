package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;
import org.jhorovod.allreduce.config.Configuration;

/** Where this rank makes its segments: files in memory. */
public final class SegmentFiles {
    private final Path folder;

    /** In the folder that the settings name. */
    public SegmentFiles(Configuration configuration) {
        this.folder = configuration.sharedMemoryFolder();
    }

    /**
     * Makes a segment of zeros.
     *
     * @throws IOException saying what to do; nothing is left then
     */
    public SharedSegment create(long byteCount) throws IOException {
        Path file = folder.resolve("jhorovod-" + UUID.randomUUID());
        try {
            return SharedSegment.create(file, byteCount);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no folder %s".formatted(folder), e);
        } catch (IOException e) {
            throw new IOException(
                    "%,d KiB cannot be made in %s, where %,d KiB are free: %s"
                            .formatted(byteCount >> 10, folder, freeBytes() >> 10, e.getMessage()),
                    e);
        }
    }

    private long freeBytes() {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            return 0;
        }
    }
}
