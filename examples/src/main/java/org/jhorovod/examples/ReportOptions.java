package org.jhorovod.examples;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jhorovod.allreduce.collective.Communicator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of every example that measures, and the file that they name; filled in by picocli.
 */
final class ReportOptions {

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also write all to this file, on the host of rank 0; see below.")
    private @Nullable Path json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli's
    private boolean help;

    /**
     * Refuses a file that cannot be written, before anything is measured. It is rank 0's to write:
     * the other ranks' hosts need not have its folder. All ranks call it, if they were given a
     * file.
     *
     * @throws DataException on every rank
     */
    void requireFolder(Communicator communicator) {
        requireFolder(communicator, "--json", json);
    }

    /** The same for the file of another option; null where it was not given. */
    static void requireFolder(Communicator communicator, String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        boolean isRefused = communicator.rank() == 0 && !isInAFolder(file);
        if (RankValues.sum(communicator, isRefused ? 1 : 0) > 0) {
            throw new DataException(
                    "%s %s cannot be written on the host of rank 0: its folder is not there, or it is a folder itself. Name a file in a folder that exists."
                            .formatted(option, file));
        }
    }

    private static boolean isInAFolder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder != null && Files.isDirectory(folder) && !Files.isDirectory(file);
    }

    /** Writes a report as JSON, if that was asked for; for rank 0. */
    void write(Object report) throws IOException {
        Path file = json;
        if (file != null) {
            String text = new GsonBuilder().setPrettyPrinting().create().toJson(report);
            Files.writeString(file, text + System.lineSeparator());
        }
    }
}
