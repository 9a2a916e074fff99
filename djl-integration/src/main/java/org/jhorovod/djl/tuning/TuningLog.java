package org.jhorovod.djl.tuning;

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
    private static final String HEADER = "step,bucket_mib,reduce,step_millis,state\n";

    private Optional<Path> file; // empty where nothing is written

    private TuningLog(Optional<Path> file) {
        this.file = file;
    }

    /**
     * Begins a file, if there is to be one. If it cannot be written a line says so, and nothing is.
     */
    public static TuningLog open(Optional<Path> file) {
        TuningLog log = new TuningLog(file);
        log.write(HEADER, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        return log;
    }

    /**
     * Adds a line.
     *
     * @param step after which it is written
     * @param state {@code tried}, or {@code chosen} for the last
     */
    public void add(long step, Setup setup, double millis, String state) {
        write(
                String.format(
                        Locale.ROOT,
                        "%d,%d,%s,%.3f,%s%n",
                        step,
                        setup.bucketMib(),
                        setup.reduceWord(),
                        millis,
                        state),
                StandardOpenOption.APPEND);
    }

    private void write(String text, StandardOpenOption first, StandardOpenOption... more) {
        if (file.isEmpty()) {
            return;
        }
        StandardOpenOption[] options = new StandardOpenOption[more.length + 2];
        options[0] = first;
        System.arraycopy(more, 0, options, 1, more.length);
        options[more.length + 1] = StandardOpenOption.WRITE;
        try {
            Files.writeString(file.get(), text, options);
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
