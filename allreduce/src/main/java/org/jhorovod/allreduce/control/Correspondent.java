package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.CollectiveException;

/** Writes letters to its like on other ranks, over the control connections; on their thread. */
public interface Correspondent {
    /** Writes none. */
    Correspondent NOBODY =
            new Correspondent() {
                @Override
                public void received(int rank, ByteBuffer letter) throws IOException {
                    throw new IOException("it sent a letter to nobody");
                }

                @Override
                public void left(int rank) {}

                @Override
                public void work() {}
            };

    /**
     * A peer has sent a letter.
     *
     * @throws IOException if it makes no sense, with a clause about the peer; the peer is given up
     */
    void received(int rank, ByteBuffer letter) throws IOException;

    /** A peer has left in good order, and sends no more. */
    void left(int rank);

    /** Sends what waits, and looks at the clock; called after each wakeup, and each second. */
    void work();

    /** After how long {@link #work} is to be called again at the latest, in nanoseconds. */
    default long waitNanos() {
        return Long.MAX_VALUE;
    }

    /** The communicator has failed, and the thread ends. */
    default void failed(CollectiveException cause) {}

    /**
     * This rank is about to say goodbye: the last chance for letters. On the thread that closes,
     * while the control thread still carries them; may block for half a second.
     */
    default void closing() {}
}
