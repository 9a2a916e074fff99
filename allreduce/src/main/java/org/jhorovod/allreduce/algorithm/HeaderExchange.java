package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jhorovod.allreduce.spi.Operation;
import org.jspecify.annotations.Nullable;

/**
 * What two neighbours tell each other of a collective before its elements, as bytes on their way.
 */
final class HeaderExchange {
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final @Nullable CallHeader mine; // null where nothing is to be compared
    private final String self;
    private final int previousRank;
    private final ByteBuffer outgoing;
    private final ByteBuffer length;
    private ByteBuffer incoming;
    private boolean isLengthKnown;

    /** Of an operation, told to the next rank and heard from the previous one. */
    HeaderExchange(Operation operation, String self, int previousRank) {
        this.mine = new CallHeader(operation.generation(), operation.sequence(), operation.call());
        this.self = self;
        this.previousRank = previousRank;
        this.outgoing = mine.encode();
        this.length = ByteBuffer.allocate(CallHeader.LENGTH_BYTES);
        this.incoming = length;
    }

    private HeaderExchange() {
        this.mine = null;
        this.self = "";
        this.previousRank = -1;
        this.outgoing = EMPTY;
        this.length = EMPTY;
        this.incoming = EMPTY;
    }

    /** Nothing to compare. */
    static HeaderExchange none() {
        return new HeaderExchange();
    }

    boolean isSent() {
        return !outgoing.hasRemaining();
    }

    boolean isReceived() {
        return !incoming.hasRemaining();
    }

    boolean areExchanged() {
        return isSent() && isReceived();
    }

    /** What is still to be sent. */
    ByteBuffer outgoing() {
        return outgoing;
    }

    /** Where to read next. */
    ByteBuffer incoming() {
        return incoming;
    }

    /**
     * Notes that bytes have been read, and compares the headers once they are there.
     *
     * @return how many bytes
     */
    int received(int byteCount) throws IOException {
        if (!incoming.hasRemaining() && mine != null) {
            if (!isLengthKnown) {
                isLengthKnown = true;
                incoming = ByteBuffer.allocate(CallHeader.announcedLength(length));
            } else {
                CallHeader theirs = CallHeader.decode(incoming.duplicate().flip());
                if (!theirs.equals(mine)) {
                    throw mine.mismatch(self, previousRank, theirs);
                }
            }
        }
        return byteCount;
    }
}
