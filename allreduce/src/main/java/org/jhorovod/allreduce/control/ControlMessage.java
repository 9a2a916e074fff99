package org.jhorovod.allreduce.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.OperationTimeoutException;
import org.jhorovod.allreduce.collective.PeerLostException;

/*
 * On the wire:  length:int (of what follows)  type:byte  generation:int  sequence:long
 *               rank:int  text: the rest, UTF-8
 *           or  length:int  type:byte  generation:int  channel:byte  letter: the rest, bytes
 * Fields that a message does not use are zero.
 */
/** What peers tell each other beside the elements. */
sealed interface ControlMessage {
    int LETTER_HEADER_BYTES = 1 + 4;
    int HEADER_BYTES = LETTER_HEADER_BYTES + 8 + 4;
    int MAX_TEXT_BYTES = 8 * 1024;
    int MAX_LETTER_BYTES = 32 * 1024;
    int LETTER = 16;
    int MAX_BODY_BYTES = LETTER_HEADER_BYTES + 1 + MAX_LETTER_BYTES;

    /** Alive; the last operation that the sender has submitted, in words. */
    record Heartbeat(long sequence, String lastSubmitted) implements ControlMessage {}

    /** Leaves in good order, after the given operation. */
    record Goodbye(long sequence) implements ControlMessage {}

    /** The sender's communicator has failed. */
    record Abort(Reason reason, int lostRank, String text) implements ControlMessage {
        private static final int UNKNOWN = -1; // of a timeout, whose sender knows whom it missed

        /** Tells the peers of a failure. */
        static Abort of(CollectiveException cause, int ownRank) {
            String text = String.valueOf(cause.getMessage());
            if (cause instanceof MismatchException) {
                return new Abort(Reason.MISMATCH, ownRank, text);
            }
            if (cause instanceof OperationTimeoutException timeout) {
                return new Abort(Reason.TIMEOUT, timeout.missingRank().orElse(UNKNOWN), text);
            }
            // Whatever else made this rank give up, the peers go without it from now on.
            int lostRank = cause instanceof PeerLostException lost ? lost.lostRank() : ownRank;
            return new Abort(Reason.PEER_LOST, lostRank, text);
        }

        /** The failure that a peer has told of. */
        CollectiveException cause() {
            return switch (reason) {
                case MISMATCH -> new MismatchException(text);
                case PEER_LOST -> new PeerLostException(lostRank, text);
                case TIMEOUT ->
                        lostRank == UNKNOWN
                                ? new OperationTimeoutException(text)
                                : new OperationTimeoutException(text, lostRank);
            };
        }
    }

    /** What a correspondent of the sender tells the one of this rank; not for this layer. */
    record Letter(Channel channel, ByteBuffer bytes) implements ControlMessage {}

    /** Why a communicator failed. */
    enum Reason {
        MISMATCH,
        PEER_LOST,
        TIMEOUT
    }

    /** The message as a frame, ready to be written. */
    default ByteBuffer encode(int generation) {
        if (this instanceof Heartbeat m) {
            return frame(0, generation, m.sequence, 0, m.lastSubmitted);
        } else if (this instanceof Goodbye m) {
            return frame(1, generation, m.sequence, 0, "");
        } else if (this instanceof Abort m) {
            return frame(2 + m.reason.ordinal(), generation, 0, m.lostRank, m.text);
        } else if (this instanceof Letter m) {
            return ByteBuffer.allocate(4 + LETTER_HEADER_BYTES + 1 + m.bytes.remaining())
                    .putInt(LETTER_HEADER_BYTES + 1 + m.bytes.remaining())
                    .put((byte) LETTER)
                    .putInt(generation)
                    .put((byte) m.channel.ordinal())
                    .put(m.bytes.duplicate())
                    .flip();
        }
        throw new AssertionError(this);
    }

    private static ByteBuffer frame(
            int type, int generation, long sequence, int rank, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int textBytes = wholeCharacters(bytes);
        return ByteBuffer.allocate(4 + HEADER_BYTES + textBytes)
                .putInt(HEADER_BYTES + textBytes)
                .put((byte) type)
                .putInt(generation)
                .putLong(sequence)
                .putInt(rank)
                .put(bytes, 0, textBytes)
                .flip();
    }

    /** How many of the bytes can be sent without cutting a character through. */
    private static int wholeCharacters(byte[] text) {
        if (text.length <= MAX_TEXT_BYTES) {
            return text.length;
        }
        int end = MAX_TEXT_BYTES;
        while (end > 0 && (text[end] & 0xc0) == 0x80) { // inside of a character
            end--;
        }
        return end;
    }

    /**
     * Reads the body of a frame, without its length.
     *
     * @throws IOException if it is malformed or of another generation
     */
    static ControlMessage decode(ByteBuffer body, int generation) throws IOException {
        requireBytes(body, LETTER_HEADER_BYTES);
        int type = body.get();
        int theirGeneration = body.getInt();
        if (theirGeneration != generation) {
            throw new IOException(
                    "a control message of generation %d in generation %d"
                            .formatted(theirGeneration, generation));
        }
        return type == LETTER ? decodeLetter(body) : decodeText(type, body);
    }

    private static ControlMessage decodeLetter(ByteBuffer body) throws IOException {
        requireBytes(body, 1);
        int channel = body.get();
        if (channel < 0 || channel >= Channel.values().length) {
            throw new IOException("a letter on the unknown channel " + channel);
        }
        return new Letter(Channel.values()[channel], body.slice());
    }

    private static ControlMessage decodeText(int type, ByteBuffer body) throws IOException {
        requireBytes(body, HEADER_BYTES - LETTER_HEADER_BYTES);
        long sequence = body.getLong();
        int rank = body.getInt();
        String text = StandardCharsets.UTF_8.decode(body).toString();
        if (type == 0) {
            return new Heartbeat(sequence, text);
        } else if (type == 1) {
            return new Goodbye(sequence);
        } else if (type >= 2 && type < 2 + Reason.values().length) {
            return new Abort(Reason.values()[type - 2], rank, text);
        }
        throw new IOException("a control message of unknown type " + type);
    }

    private static void requireBytes(ByteBuffer body, int least) throws IOException {
        if (body.remaining() < least) {
            throw new IOException("a control message of " + body.remaining() + " bytes");
        }
    }
}
