package org.jhorovod.allreduce.transport;

import java.io.IOException;
import org.jhorovod.allreduce.spi.Meeting;

/** A way for bytes between ranks. */
public interface Transport {

    /** The name that users choose it by. */
    String name();

    /**
     * Connects this rank with its neighbours in a ring; all its ranks do so at the same time.
     *
     * @throws IOException if a neighbour cannot be reached
     */
    RingLinks open(Meeting meeting, Ring ring) throws IOException;
}
