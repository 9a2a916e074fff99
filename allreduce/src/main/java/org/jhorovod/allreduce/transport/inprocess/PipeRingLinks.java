package org.jhorovod.allreduce.transport.inprocess;

import com.google.common.util.concurrent.Uninterruptibles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.transport.RingLinks;

/** A rank's two pipes. */
final class PipeRingLinks implements RingLinks {
    private final Pipe next;
    private final Pipe previous;
    // A permit means: something changed since the last look.
    private final Semaphore changed = new Semaphore(0);

    PipeRingLinks(Pipe next, Pipe previous) {
        this.next = next;
        this.previous = previous;
        next.writerIs(changed::release);
        previous.readerIs(changed::release);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = next.write(source);
        if (count < 0) {
            throw new IOException("the next rank has closed its end");
        }
        return count;
    }

    @Override
    public int read(ByteBuffer target) {
        return previous.read(target);
    }

    @Override
    public void awaitReady(boolean toRead, boolean toWrite, long timeoutNanos) {
        changed.drainPermits();
        if ((toRead && previous.canRead()) || (toWrite && next.canWrite())) {
            return;
        }
        if (Uninterruptibles.tryAcquireUninterruptibly(
                changed, timeoutNanos, TimeUnit.NANOSECONDS)) {
            changed.drainPermits();
        }
    }

    @Override
    public void wakeup() {
        changed.release();
    }

    @Override
    public void close() {
        next.close();
        previous.close();
    }
}
