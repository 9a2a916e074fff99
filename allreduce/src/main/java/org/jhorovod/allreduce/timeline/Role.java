package org.jhorovod.allreduce.timeline;

import java.io.IOException;
import java.nio.file.Path;

/** What a rank does for the timeline of all. */
sealed interface Role permits Collector, Sender {

    /** Begins a file, on rank 0. */
    void start(Path file) throws IOException;

    /** Ends the file, on rank 0; blocks until the other ranks have sent what they have. */
    void stop();

    /** Why another rank cannot. */
    static IllegalStateException notRank0(int rank) {
        return new IllegalStateException(
                "Rank %d cannot start or stop the timeline: rank 0 writes it, and tells the others. Call it where rank() is 0."
                        .formatted(rank));
    }
}
