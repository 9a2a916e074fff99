package org.jhorovod.allreduce.backend.mpi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Deadline;

/**
 * All processes that one {@code mpirun} started, before they know of each other in another way. All
 * ranks call the same in the same order; every wait ends by the start timeout.
 */
public final class MpiWorld {
    private final MpiProcess mpi;
    private final Deadline deadline;
    private final Duration timeout;

    private MpiWorld(MpiProcess mpi, Duration timeout) {
        this.mpi = mpi;
        this.timeout = timeout;
        this.deadline = Deadline.after(timeout);
    }

    /** Whether this process can call MPI at all. */
    public static boolean isThere() {
        return MpiBindings.areThere();
    }

    /**
     * Initialises MPI.
     *
     * @throws IOException if it is not there, or not all ranks come
     */
    public static MpiWorld join(Configuration configuration) throws IOException {
        return new MpiWorld(
                MpiProcess.join(configuration), configuration.get(Settings.START_TIMEOUT));
    }

    /** This process's number. */
    public int rank() {
        return mpi.rank();
    }

    /** How many processes there are. */
    public int size() {
        return mpi.size();
    }

    /**
     * Gives every rank what rank 0 has.
     *
     * @param value of as many bytes on every rank; only that of rank 0 matters
     */
    public byte[] broadcast(byte[] value) throws IOException {
        ByteBuffer buffer = direct(value.length);
        buffer.put(value).rewind();
        Object bytes = mpi.bindings().type(MpiType.BYTE);
        await(
                () -> mpi.bindings().startBroadcast(mpi.comm(), buffer, value.length, bytes, 0),
                buffer);
        byte[] result = new byte[value.length];
        buffer.get(0, result);
        return result;
    }

    /** Gives every rank one number of each, by rank. */
    public long[] gather(long number) throws IOException {
        ByteBuffer mine = direct(Long.BYTES).putLong(0, number);
        ByteBuffer all = direct(Long.BYTES * size());
        Object longs = mpi.bindings().type(MpiType.LONG);
        await(() -> mpi.bindings().startAllGather(mpi.comm(), mine, all, 1, longs), mine, all);
        long[] result = new long[size()];
        all.asLongBuffer().get(result);
        return result;
    }

    /** Leaves MPI for good, where nothing more is wanted of it; waits for all ranks to do so. */
    public void leave() {
        mpi.finish(timeout);
    }

    private interface Start {
        Object request() throws MpiException;
    }

    private void await(Start start, ByteBuffer... buffers) throws MpiException {
        LongSupplier allowedWaitNanos =
                () -> {
                    if (deadline.isOver()) {
                        throw new DeadlineException();
                    }
                    return deadline.remainingNanos();
                };
        try {
            mpi.inTurn(
                    () -> {
                        mpi.await(start.request(), allowedWaitNanos, buffers);
                        return true;
                    });
        } catch (DeadlineException e) {
            throw new MpiException(
                    "not all ranks came within %d s (JHOROVOD_START_TIMEOUT_SECONDS)"
                            .formatted(timeout.toSeconds()),
                    e);
        }
    }

    private static final class DeadlineException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static ByteBuffer direct(int byteCount) {
        return ByteBuffer.allocateDirect(byteCount).order(ByteOrder.nativeOrder());
    }
}
