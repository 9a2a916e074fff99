package org.jhorovod.allreduce.algorithm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * On the wire, before the elements of each collective:
 *   length:short (of what follows)  magic:short  generation:int  sequence:long
 *   kind:byte  type:byte  op:byte (-1 none)  prescaled:byte  postscale:double  memory:byte  root:int
 *   elementCount:long  partsLength:byte  parts: UTF-8  name: the rest, UTF-8
 */
/**
 * What a rank tells the next one about the collective that it runs, so that a rank that has gone
 * astray is found before any element is sent.
 *
 * @param generation how often the job had been formed before
 * @param sequence the number of the collective
 * @param call what the rank was asked for
 */
record CallHeader(int generation, long sequence, CollectiveCall call) {
    static final int LENGTH_BYTES = 2;
    private static final short MAGIC = 0x4a43;
    private static final int FIXED_BYTES = 2 + 4 + 8 + 1 + 1 + 1 + 1 + 8 + 1 + 4 + 8 + 1;
    static final int MAX_BYTES =
            FIXED_BYTES + Parts.MAX_DESCRIPTION_BYTES + CollectiveCall.MAX_NAME_BYTES;

    ByteBuffer encode() {
        return encode(ByteBuffer.allocateDirect(LENGTH_BYTES + MAX_BYTES)).flip();
    }

    /** Writes it at the buffer's position, which is then behind it. */
    ByteBuffer encode(ByteBuffer target) {
        byte[] name = call.name().getBytes(StandardCharsets.UTF_8);
        byte[] parts = call.parts().getBytes(StandardCharsets.UTF_8);
        ReduceOp op = call.op();
        return target.putShort((short) (FIXED_BYTES + parts.length + name.length))
                .putShort(MAGIC)
                .putInt(generation)
                .putLong(sequence)
                .put((byte) call.kind().ordinal())
                .put((byte) call.type().ordinal())
                .put((byte) (op == null ? -1 : op.ordinal()))
                .put((byte) (call.isPrescaled() ? 1 : 0))
                .putDouble(call.postscale())
                .put((byte) call.memory().ordinal())
                .putInt(call.root())
                .putLong(call.elementCount())
                .put((byte) parts.length)
                .put(parts)
                .put(name);
    }

    /** The length that the first two bytes announce. */
    static int announcedLength(ByteBuffer lengthBytes) throws IOException {
        int length = lengthBytes.getShort(0);
        if (length < FIXED_BYTES || length > MAX_BYTES) {
            throw new IOException("it sent a header of " + length + " bytes");
        }
        return length;
    }

    /** Reads what follows the length. */
    static CallHeader decode(ByteBuffer body) throws IOException {
        if (body.remaining() < FIXED_BYTES || body.getShort() != MAGIC) {
            throw new IOException("it sent something that is no header");
        }
        int generation = body.getInt();
        long sequence = body.getLong();
        int kind = body.get();
        int type = body.get();
        int op = body.get();
        boolean isPrescaled = body.get() != 0;
        double postscale = body.getDouble();
        int memory = body.get();
        int root = body.getInt();
        long elementCount = body.getLong();
        String parts = text(body, body.get());
        String name = text(body, body.remaining());
        try {
            CollectiveCall call =
                    new CollectiveCall(
                            CollectiveCall.Kind.values()[kind],
                            name,
                            DataType.values()[type],
                            op == -1 ? null : ReduceOp.values()[op],
                            isPrescaled,
                            postscale,
                            root,
                            elementCount,
                            CollectiveCall.Memory.values()[memory],
                            parts);
            return new CallHeader(generation, sequence, call);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("it sent a header with values out of range", e);
        }
    }

    private static String text(ByteBuffer body, int byteCount) throws IOException {
        if (byteCount < 0 || byteCount > body.remaining()) {
            throw new IOException("it sent a header with a text of " + byteCount + " bytes");
        }
        ByteBuffer bytes = body.slice(body.position(), byteCount);
        body.position(body.position() + byteCount);
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    /** What the program is told when another rank called something else. */
    MismatchException mismatch(String self, int otherRank, CallHeader theirs) {
        return new MismatchException(
                "Two ranks called different collectives: %s called %s (operation %d), rank %d called %s (operation %d). All ranks must call the same collectives with the same names, types, counts, operations and roots in the same order: look for rank-dependent branches, layers or data, or a stale checkpoint on one rank."
                        .formatted(
                                self,
                                call.describe(),
                                sequence,
                                otherRank,
                                theirs.call.describe(),
                                theirs.sequence));
    }
}
