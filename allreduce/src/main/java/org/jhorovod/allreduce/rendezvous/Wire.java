package org.jhorovod.allreduce.rendezvous;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;

/**
 * The bare end of a connection, which never blocks. Used by one thread at a time; closing it closes
 * the socket.
 */
public sealed interface Wire extends ByteChannel permits PlainWire, TlsWire {

    /** The socket, to wait for; bytes go by this object. */
    SocketChannel socket();

    /** Tells the other end that nothing more will come. */
    void shutdownOutput() throws IOException;

    @Override
    default boolean isOpen() {
        return socket().isOpen();
    }

    @Override
    default void close() throws IOException {
        socket().close();
    }
}
