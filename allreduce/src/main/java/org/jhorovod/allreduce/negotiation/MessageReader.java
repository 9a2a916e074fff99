package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads what {@link MessageWriter} has written, and believes none of it. */
final class MessageReader {
    private static final int BITS = 7;
    private static final int LAST_SHIFT = 56; // nine bytes hold all numbers of 63 bits
    private static final int MORE = 1 << BITS;

    private final ByteBuffer bytes;

    MessageReader(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    boolean hasMore() {
        return bytes.hasRemaining();
    }

    long number() throws IOException {
        long value = 0;
        for (int shift = 0; shift <= LAST_SHIFT; shift += BITS) {
            if (!bytes.hasRemaining()) {
                throw new IOException("it sent a message that ends in the middle of a number");
            }
            byte next = bytes.get();
            value |= (long) (next & (MORE - 1)) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IOException("it sent a number that is too long");
    }

    /** A number that is no larger than the given one. */
    int number(int largest) throws IOException {
        long value = number();
        if (value > largest) {
            throw new IOException("it sent %d where at most %d may be".formatted(value, largest));
        }
        return (int) value;
    }

    /** As many numbers as it says, of which each takes a byte at least. */
    int count() throws IOException {
        return number(bytes.remaining());
    }

    <T> T choice(T[] values) throws IOException {
        return values[number(values.length - 1)];
    }

    double bits() throws IOException {
        if (bytes.remaining() < Double.BYTES) {
            throw new IOException("it sent a message that ends in the middle of a number");
        }
        byte[] encoded = new byte[Double.BYTES];
        bytes.get(encoded);
        return ByteBuffer.wrap(encoded).getDouble();
    }

    String text() throws IOException {
        byte[] encoded = new byte[number(bytes.remaining())];
        bytes.get(encoded);
        return new String(encoded, StandardCharsets.UTF_8);
    }
}
