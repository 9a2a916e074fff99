package org.jhorovod.allreduce.tuning;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file with a line for each sample, as CSV. Owned by one thread. */
public final class TuningLog {
    private static final Logger logger = LoggerFactory.getLogger(TuningLog.class);
    private static final String HEADER = "of,step,setup,step_millis,state\n";

    private final String of;
    private Optional<Path> file; // empty where nothing is written

    private TuningLog(Optional<Path> file, String of) {
        this.file = file;
        this.of = of;
    }

    /**
     * Goes on with a file, if there is to be one: others, and earlier attempts, may have written to
     * it. If it cannot be written a line says so, and nothing is.
     *
     * @param of what is tuned, such as a trainer
     */
    public static TuningLog open(Optional<Path> file, String of) {
        TuningLog log = new TuningLog(file, of);
        if (file.isPresent() && !Files.exists(file.get())) {
            log.write(HEADER);
        }
        return log;
    }

    /**
     * Adds a line.
     *
     * @param step after which it is written
     * @param setup by the names of the settings, without commas
     * @param state {@code tried}, or {@code chosen} for the last
     */
    public void add(long step, String setup, double millis, String state) {
        write(String.format(Locale.ROOT, "%s,%d,%s,%.3f,%s\n", of, step, setup, millis, state));
    }

    private void write(String text) {
        if (file.isEmpty()) {
            return;
        }
        try {
            Files.writeString(
                    file.get(), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            logger.warn(
                    "Tuning goes on without its log, because {} cannot be written: {}. Name a file"
                            + " in a folder of rank 0's host that you may write to.",
                    file.get(),
                    e.toString());
            file = Optional.empty();
        }
    }
}
