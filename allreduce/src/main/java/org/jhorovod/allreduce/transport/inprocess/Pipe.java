package org.jhorovod.allreduce.transport.inprocess;

import java.nio.ByteBuffer;

/** A bounded stream of bytes from one thread to another. Guarded by itself. */
final class Pipe {
    private static final int CAPACITY = 64 * 1024;

    private final ByteBuffer bytes = ByteBuffer.allocate(CAPACITY);
    private boolean isClosed;
    private Runnable onWritten = () -> {};
    private Runnable onRead = () -> {};

    synchronized void readerIs(Runnable wakeup) {
        onWritten = wakeup;
    }

    synchronized void writerIs(Runnable wakeup) {
        onRead = wakeup;
    }

    synchronized int write(ByteBuffer source) {
        if (isClosed) {
            return -1;
        }
        int count = transfer(source, bytes);
        onWritten.run();
        return count;
    }

    synchronized int read(ByteBuffer target) {
        bytes.flip();
        int count = transfer(bytes, target);
        bytes.compact();
        if (count == 0 && isClosed) {
            return -1;
        }
        onRead.run();
        return count;
    }

    synchronized boolean canRead() {
        return bytes.position() > 0 || isClosed;
    }

    synchronized boolean canWrite() {
        return bytes.hasRemaining() || isClosed;
    }

    synchronized void close() {
        isClosed = true;
        onWritten.run();
        onRead.run();
    }

    private static int transfer(ByteBuffer from, ByteBuffer to) {
        int count = Math.min(from.remaining(), to.remaining());
        ByteBuffer part = from.slice(from.position(), count);
        to.put(part);
        from.position(from.position() + count);
        return count;
    }
}
