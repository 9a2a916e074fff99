package org.jhorovod.allreduce.negotiation;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes numbers of 0 and more, in as few bytes as they need, and texts. */
final class MessageWriter {
    private static final int BITS = 7;
    private static final int MORE = 1 << BITS;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Low bits first; the high bit of a byte says that more follow. */
    void number(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("bug: a message with " + value);
        }
        long left = value;
        while (left >= MORE) {
            bytes.write((int) (left & (MORE - 1)) | MORE);
            left >>>= BITS;
        }
        bytes.write((int) left);
    }

    /** All bits of a floating-point number, in eight bytes. */
    void bits(double value) {
        bytes.writeBytes(ByteBuffer.allocate(Double.BYTES).putDouble(value).array());
    }

    void text(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        number(encoded.length);
        bytes.writeBytes(encoded);
    }

    /** Appends what another has written. */
    void append(byte[] written) {
        bytes.writeBytes(written);
    }

    int byteCount() {
        return bytes.size();
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }
}
