package org.jhorovod.djl.listener;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/*
 * Note [Why events are encoded here]
 *
 * TensorBoard's events are messages of protocol buffers [1]. We write three small ones and read
 * none, which takes the fields below. Generated classes with protobuf-java would add 2 MB to every
 * class path, and a version that is to be reconciled with Spark's, Hadoop's and TensorFlow's.
 *
 * [1] https://protobuf.dev/programming-guides/encoding/
 */

/** The bytes of one message, field by field. */
final class ProtoMessage {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ProtoMessage putLong(int field, long value) {
        putVarint(((long) field << 3) | VARINT);
        putVarint(value);
        return this;
    }

    ProtoMessage putDouble(int field, double value) {
        putVarint(((long) field << 3) | FIXED64);
        bytes.writeBytes(littleEndian(Double.BYTES).putDouble(value).array());
        return this;
    }

    ProtoMessage putFloat(int field, float value) {
        putVarint(((long) field << 3) | FIXED32);
        bytes.writeBytes(littleEndian(Float.BYTES).putFloat(value).array());
        return this;
    }

    ProtoMessage putText(int field, String value) {
        return putBytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoMessage putMessage(int field, ProtoMessage value) {
        return putBytes(field, value.toBytes());
    }

    private ProtoMessage putBytes(int field, byte[] value) {
        putVarint(((long) field << 3) | BYTES);
        putVarint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    /** Seven bits a byte, the lowest first; the highest bit of a byte says that more follow. */
    private void putVarint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes.write((int) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
    }

    private static ByteBuffer littleEndian(int byteCount) {
        return ByteBuffer.allocate(byteCount).order(ByteOrder.LITTLE_ENDIAN);
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }
}
