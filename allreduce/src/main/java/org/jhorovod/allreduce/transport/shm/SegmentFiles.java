package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jhorovod.allreduce.config.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where this rank makes its segments: files in memory. */
public final class SegmentFiles {
    private static final Logger logger = LoggerFactory.getLogger(SegmentFiles.class);
    private static final String PREFIX = "jhorovod-";

    private final Path folder;

    /** In the folder that the settings name. */
    public SegmentFiles(Configuration configuration) {
        this.folder = configuration.sharedMemoryFolder();
    }

    /**
     * A name for a segment. Ranks tell each other the names before there is anything behind them,
     * so that who lives on can {@linkplain #remove remove} what a lost rank has left.
     */
    public Path name() {
        return folder.resolve(PREFIX + UUID.randomUUID());
    }

    /**
     * Makes a segment of zeros.
     *
     * @throws IOException saying what to do; nothing is left then
     */
    public SharedSegment create(Path file, long byteCount) throws IOException {
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

    /** Removes the names that ranks have told, where there is something behind them still. */
    public void remove(List<String> names) {
        for (String name : names) {
            try {
                Path file = Path.of(name);
                Path last = file.getFileName();
                if (folder.equals(file.getParent()) && last.toString().startsWith(PREFIX)) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException | InvalidPathException e) {
                logger.warn("A file of shared memory could not be removed", e);
            }
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
