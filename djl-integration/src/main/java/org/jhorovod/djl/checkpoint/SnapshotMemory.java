package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Bytes of any number, in memory that is kept for the next ones. Outside of the heap, whose limit
 * users set for their own data. Used by one thread at a time.
 */
public final class SnapshotMemory extends OutputStream {
    private static final int PIECE = 1 << 20;

    private final List<ByteBuffer> pieces = new ArrayList<>();
    private int current = -1;

    /** Forgets the bytes, and keeps the memory. */
    public void clear() {
        pieces.forEach(ByteBuffer::clear);
        current = pieces.isEmpty() ? -1 : 0;
    }

    @Override
    public void write(int b) {
        room().put((byte) b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int at = offset;
        while (at < offset + length) {
            ByteBuffer piece = room();
            int count = Math.min(piece.remaining(), offset + length - at);
            piece.put(bytes, at, count);
            at += count;
        }
    }

    private ByteBuffer room() {
        if (current >= 0 && pieces.get(current).hasRemaining()) {
            return pieces.get(current);
        }
        current++;
        if (current == pieces.size()) {
            pieces.add(ByteBuffer.allocateDirect(PIECE));
        }
        return pieces.get(current);
    }

    /** How many bytes there are. */
    public long byteCount() {
        return current < 0 ? 0 : (long) current * PIECE + pieces.get(current).position();
    }

    /** Writes all of them. */
    void writeTo(WritableByteChannel channel) throws IOException {
        for (int i = 0; i <= current; i++) {
            ByteBuffer piece = pieces.get(i).duplicate().flip();
            while (piece.hasRemaining()) {
                channel.write(piece);
            }
        }
    }
}
