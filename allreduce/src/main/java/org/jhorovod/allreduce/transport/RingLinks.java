package org.jhorovod.allreduce.transport;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One rank's place in the ring: a stream of bytes to the next rank and one from the previous.
 *
 * <p>Used by one thread at a time, but for {@link #wakeup} and {@link #close}.
 */
public interface RingLinks extends AutoCloseable {

    /** Writes as many bytes as the next rank takes now, perhaps none. Does not block. */
    int write(ByteBuffer source) throws IOException;

    /** Reads the bytes that are there now, perhaps none; -1 at the stream's end. Does not block. */
    int read(ByteBuffer target) throws IOException;

    /**
     * Blocks until bytes can be read or written, as asked, or {@link #wakeup} was called, or the
     * time is over; may return early for no reason.
     */
    void awaitReady(boolean toRead, boolean toWrite, long timeoutNanos) throws IOException;

    /** Ends a present or the next {@link #awaitReady}. May be called from any thread. */
    void wakeup();

    @Override
    void close();
}
