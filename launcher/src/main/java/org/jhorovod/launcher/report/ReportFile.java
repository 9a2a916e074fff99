package org.jhorovod.launcher.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.jhorovod.allreduce.timeline.RunSummary;

/** The file that holds the page about a run. */
public final class ReportFile {
    private final Path path;

    private ReportFile(Path path) {
        this.path = path;
    }

    /**
     * A file that can be written, as far as known before; makes its folder.
     *
     * @throws IOException if it cannot
     */
    public static ReportFile prepare(Path file) throws IOException {
        Path path = file.toAbsolutePath();
        if (Files.isDirectory(path)) {
            throw new IOException("it is a folder");
        }
        Path folder = path.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
            if (!Files.isWritable(folder)) {
                throw new IOException(folder + " may not be written to");
            }
        }
        return new ReportFile(path);
    }

    /** Where it lies. */
    public Path path() {
        return path;
    }

    /**
     * Writes the page in place of what the file held, whole or not at all.
     *
     * @param summary what rank 0 has told; empty if it has told nothing
     */
    public void write(RunFacts facts, Optional<RunSummary> summary) throws IOException {
        Path next = path.resolveSibling(path.getFileName() + ".new");
        Files.writeString(next, Page.of(facts, summary.map(Figures::new)));
        Files.move(next, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
