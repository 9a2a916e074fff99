package org.jhorovod.allreduce.collective;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory from {@link Communicator#allocate}, which the ranks of a host reduce in place where they
 * share it, without a copy on any of them.
 *
 * <p>Closed by whoever allocated it; what is forgotten is reported in the log. Its tensors may be
 * used until then. Safe for use by several threads.
 */
public final class RegisteredMemory implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(RegisteredMemory.class);
    private static final Cleaner CLEANER = Cleaner.create();

    private final HostTensor tensor;
    private final OptionalInt number;
    private final Release release;
    private final Cleaner.Cleanable cleanable;

    /** What happens once, by a close or by the garbage collector. */
    private record Release(String what, Runnable action, AtomicBoolean isClosed)
            implements Runnable {

        @Override
        public void run() {
            if (!isClosed.get()) {
                logger.warn(
                        "Registered memory, {}, was never closed. Close it when the last collective"
                                + " on it is done.",
                        what);
            }
            action.run();
        }
    }

    /**
     * Registered memory over buffers that a backend has allocated.
     *
     * @param number the same on all ranks; empty where the memory is ordinary
     * @param onClose gives it back, once
     */
    public RegisteredMemory(
            DataType type, List<ByteBuffer> buffers, OptionalInt number, Runnable onClose) {
        this.tensor = HostTensor.of(type, buffers, this, 0);
        this.number = number;
        this.release = new Release(tensor.toString(), onClose, new AtomicBoolean());
        this.cleanable = CLEANER.register(this, release);
    }

    /** All of it, zeros at first. */
    public HostTensor tensor() {
        requireOpen();
        return tensor;
    }

    /**
     * Elements of any type in a part of it.
     *
     * @param byteOffset where they start; a multiple of 16 is fast
     * @throws IndexOutOfBoundsException if they do not fit
     */
    public HostTensor slice(DataType type, long byteOffset, long elementCount) {
        requireOpen();
        long byteCount = Math.multiplyExact(elementCount, (long) type.byteCount());
        if (byteOffset < 0 || byteCount < 0 || byteCount > tensor.byteCount() - byteOffset) {
            throw new IndexOutOfBoundsException(
                    "%d elements %s from byte %d on, of %s"
                            .formatted(elementCount, type, byteOffset, tensor));
        }
        List<ByteBuffer> parts = new ArrayList<>();
        for (long done = 0; done < byteCount; ) {
            ByteBuffer part = tensor.view(byteOffset + done, byteCount - done);
            parts.add(part);
            done += part.remaining();
        }
        return HostTensor.of(type, parts, this, byteOffset);
    }

    OptionalInt number() {
        return number;
    }

    void requireOpen() {
        if (release.isClosed().get()) {
            throw new IllegalStateException(
                    "Registered memory, %s, is closed. Close it after the last collective on it."
                            .formatted(release.what()));
        }
    }

    @Override
    public void close() {
        if (release.isClosed().compareAndSet(false, true)) {
            cleanable.clean();
        }
    }
}
