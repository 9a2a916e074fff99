package org.jhorovod.allreduce.rendezvous;

import java.nio.ByteBuffer;

/**
 * Who opens a connection, and for what.
 *
 * @param purpose what the connection will carry
 * @param generation how often the job had been formed before
 * @param rank the rank that connects
 * @param listener the number of the listener that is meant, which a rank draws and tells the job; 0
 *     for that of the store
 * @param isReversed whether the rank connects in place of the other, which cannot: what that would
 *     send flows to the one that connects
 */
public record Identity(
        Purpose purpose, int generation, int rank, long listener, boolean isReversed) {

    static final int BYTES = 1 + Integer.BYTES + Integer.BYTES + Long.BYTES + 1;

    /** One who comes to the store. */
    public Identity(Purpose purpose, int generation, int rank) {
        this(purpose, generation, rank, 0, false);
    }

    /** What a connection carries after the handshake. */
    public enum Purpose {
        /** Requests to the store. */
        STORE,
        /** Heartbeats, goodbyes and aborts between two ranks. */
        CONTROL,
        /** Elements, from the connecting rank to the accepting one, around all ranks. */
        DATA,
        /** Elements around the ranks of one host. */
        LOCAL_DATA,
        /** Elements around ranks of different hosts. */
        CROSS_DATA,
        /** Nothing: somebody finds out whether the address can be reached. */
        PROBE,
        /** Bytes to a rank that nobody can connect to, through the process that hosts the store. */
        RELAY,
        /** Nothing until somebody comes for a rank that nobody can connect to, which waits here. */
        LISTEN
    }

    byte[] encode() {
        return ByteBuffer.allocate(BYTES)
                .put((byte) purpose.ordinal())
                .putInt(generation)
                .putInt(rank)
                .putLong(listener)
                .put((byte) (isReversed ? 1 : 0))
                .array();
    }

    static Identity decode(byte[] bytes) throws HandshakeException {
        if (bytes.length != BYTES) {
            throw new HandshakeException("it said in %d bytes who it is".formatted(bytes.length));
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int purpose = buffer.get();
        if (purpose < 0 || purpose >= Purpose.values().length) {
            throw new HandshakeException("it named an unknown purpose");
        }
        int generation = buffer.getInt();
        int rank = buffer.getInt();
        if (generation < 0 || rank < 0) {
            throw new HandshakeException(
                    "it named rank %d of generation %d".formatted(rank, generation));
        }
        long listener = buffer.getLong();
        int reversed = buffer.get();
        if (reversed != 0 && reversed != 1) {
            throw new HandshakeException("it named an unknown direction");
        }
        return new Identity(Purpose.values()[purpose], generation, rank, listener, reversed == 1);
    }
}
