package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes events into a file, as long as that can be written. */
final class TraceSink implements Sink {
    private static final Logger logger = LoggerFactory.getLogger(TraceSink.class);

    private final TraceFile file;
    private final Path path;
    private long lostInAll;
    private boolean isBroken;

    private TraceSink(TraceFile file, Path path) {
        this.file = file;
        this.path = path;
    }

    /** Begins a file, in place of what it held; makes its folder. */
    static TraceSink create(Path path) throws IOException {
        return new TraceSink(TraceFile.create(path), path);
    }

    @Override
    public void add(int rank, String host, List<Event> events, long lost) {
        lostInAll += lost;
        if (isBroken) {
            return;
        }
        try {
            file.write(rank, host, events);
            if (lost > 0) {
                file.write(rank, host, List.of(lost(lost, System.nanoTime())));
            }
        } catch (IOException e) {
            isBroken = true;
            logger.warn("The timeline {} cannot be written any more: {}", path, e.toString());
        }
    }

    private static Event lost(long count, long nowNanos) {
        return new Event(Event.Kind.INSTANT, "lost", count + " EVENTS LOST", "", 0, nowNanos, 0);
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            logger.warn("The timeline {} could not be closed: {}", path, e.toString());
        }
        if (lostInAll > 0) {
            logger.warn(
                    "{} events are not in the timeline {}: they came faster than they could be"
                            + " written.",
                    lostInAll,
                    path);
        }
    }
}
