package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;

/** Where this rank makes its segments: files in memory, named after the run. */
public final class SegmentFiles {
    private final Path folder;
    private final String prefix;

    /** In the folder that the settings name. */
    public SegmentFiles(Configuration configuration) {
        this.folder = configuration.get(Settings.SHARED_MEMORY_FOLDER);
        this.prefix = prefix(configuration.find(Settings.RUN_ID).orElse("alone"));
    }

    /** How the names of all segments of a run start, by which what is left of it is found. */
    public static String prefix(String runId) {
        return "jhorovod-%s-".formatted(runId.replaceAll("[^A-Za-z0-9.]", "_"));
    }

    /**
     * Makes a segment of zeros.
     *
     * @throws IOException saying what to do; nothing is left then
     */
    SharedSegment create(long byteCount) throws IOException {
        Path file = folder.resolve(prefix + UUID.randomUUID());
        try {
            return SharedSegment.create(file, byteCount);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no folder %s".formatted(folder), e);
        } catch (IOException e) {
            throw new IOException(
                    "%s has no room for %,d KiB (%,d KiB are free): %s"
                            .formatted(folder, byteCount >> 10, freeBytes() >> 10, e.getMessage()),
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
