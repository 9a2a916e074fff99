package org.jhorovod.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jhorovod.allreduce.JHorovod;

/**
 * All that can be recorded of a run, for as long as it is open: a timeline of all ranks, and on
 * each rank the flight recorder with its default configuration. Both are thrown away.
 */
final class Tracing implements AutoCloseable {
    private final Path folder;
    private final Recording recording;
    private final boolean writes;

    private Tracing(Path folder, Recording recording, boolean writes) {
        this.folder = folder;
        this.recording = recording;
        this.writes = writes;
    }

    /** Begins; on all ranks. */
    static Tracing start(int rank) {
        try {
            Path folder = Files.createTempDirectory("jhorovod-tracing");
            Recording recording = new Recording(Configuration.getConfiguration("default"));
            recording.start();
            if (rank == 0) {
                JHorovod.startTimeline(folder.resolve("timeline.json"));
            }
            return new Tracing(folder, recording, rank == 0);
        } catch (IOException e) {
            throw new UncheckedIOException("No timeline can be written: " + e.getMessage(), e);
        } catch (ParseException e) {
            throw new IllegalStateException("This JDK's flight recorder has no default", e);
        }
    }

    @Override
    public void close() {
        recording.close();
        if (writes) {
            JHorovod.stopTimeline();
        }
        try {
            Files.deleteIfExists(folder.resolve("timeline.json"));
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not delete " + folder, e);
        }
    }
}
