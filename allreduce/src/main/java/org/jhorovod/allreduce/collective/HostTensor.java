package org.jhorovod.allreduce.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Elements in the memory of this process: one or more direct buffers in native order, read as one
 * sequence, so that a tensor may be larger than the 2 GiB that a single buffer can hold.
 *
 * <p>The memory stays the caller's. A tensor sees the bytes between position and limit that each
 * buffer had when the tensor was made; later changes to the buffers' positions do not matter.
 * Immutable and safe for use by several threads; the elements themselves are not guarded.
 */
public final class HostTensor implements Tensor {
    private final DataType type;
    private final List<ByteBuffer> buffers;
    private final long elementCount;
    private final TensorShape shape;
    private final @Nullable RegisteredMemory memory; // null where it is ordinary
    private final long memoryOffset;

    private HostTensor(
            DataType type,
            List<ByteBuffer> buffers,
            TensorShape shape,
            @Nullable RegisteredMemory memory,
            long memoryOffset) {
        this.type = type;
        this.buffers = buffers;
        this.elementCount = shape.elementCount();
        this.shape = shape;
        this.memory = memory;
        this.memoryOffset = memoryOffset;
    }

    /** A tensor over the remaining bytes of one direct buffer. */
    public static HostTensor of(DataType type, ByteBuffer buffer) {
        return of(type, List.of(buffer));
    }

    /**
     * A tensor over the remaining bytes of several direct buffers, in their order.
     *
     * @throws IllegalArgumentException if a buffer is not direct, is read-only, or does not hold a
     *     whole number of elements
     */
    public static HostTensor of(DataType type, List<ByteBuffer> buffers) {
        return of(type, buffers, null, 0);
    }

    /** The same, of which a backend can tell where in registered memory it lies. */
    static HostTensor of(
            DataType type,
            List<ByteBuffer> buffers,
            @Nullable RegisteredMemory memory,
            long memoryOffset) {
        List<ByteBuffer> views = new ArrayList<>(buffers.size());
        long byteCount = 0;
        for (int i = 0; i < buffers.size(); i++) {
            ByteBuffer buffer = buffers.get(i);
            if (!buffer.isDirect() || buffer.isReadOnly()) {
                throw new IllegalArgumentException(
                        "Buffer %d of the tensor is %s; collectives need writable direct memory. Allocate it with ByteBuffer.allocateDirect or HostTensor.allocate."
                                .formatted(i, buffer.isDirect() ? "read-only" : "on the heap"));
            }
            if (buffer.remaining() % type.byteCount() != 0) {
                throw new IllegalArgumentException(
                        "Buffer %d of the tensor has %d bytes, which is no whole number of %s elements of %d bytes. Split the tensor between elements."
                                .formatted(i, buffer.remaining(), type, type.byteCount()));
            }
            if (buffer.hasRemaining()) {
                views.add(buffer.slice().order(ByteOrder.nativeOrder()));
                byteCount += buffer.remaining();
            }
        }
        return new HostTensor(
                type,
                List.copyOf(views),
                TensorShape.of(byteCount / type.byteCount()),
                memory,
                memoryOffset);
    }

    /**
     * The same elements, in the same memory, in other dimensions.
     *
     * @throws IllegalArgumentException if that shape has another number of elements
     */
    public HostTensor reshape(TensorShape other) {
        if (other.elementCount() != elementCount) {
            throw new IllegalArgumentException(
                    "%s has %d elements, and the shape %s has %d."
                            .formatted(this, elementCount, other, other.elementCount()));
        }
        return new HostTensor(type, buffers, other, memory, memoryOffset);
    }

    /** A tensor of zeros in new memory of its own, in as many buffers as it needs. */
    public static HostTensor allocate(DataType type, long elementCount) {
        int bufferBytes = Integer.MAX_VALUE / 16 * 16;
        List<ByteBuffer> buffers = new ArrayList<>();
        for (long left = Math.multiplyExact(elementCount, (long) type.byteCount()); left > 0; ) {
            int bytes = (int) Math.min(left, bufferBytes);
            buffers.add(ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()));
            left -= bytes;
        }
        return of(type, buffers);
    }

    @Override
    public DataType type() {
        return type;
    }

    @Override
    public long elementCount() {
        return elementCount;
    }

    @Override
    public TensorShape shape() {
        return shape;
    }

    /** Fresh views of the memory, in order; their positions are the caller's to move. */
    public List<ByteBuffer> buffers() {
        return buffers.stream().map(b -> b.duplicate().order(ByteOrder.nativeOrder())).toList();
    }

    /**
     * The memory of one element and of those that follow it in the same buffer.
     *
     * @param byteOffset where the view starts, counted in bytes from the first element
     * @param maxByteCount the most bytes that the view may have
     * @return a view with at least one byte, at most {@code maxByteCount}, in native order
     * @throws IndexOutOfBoundsException if the offset lies outside the tensor
     */
    public ByteBuffer view(long byteOffset, long maxByteCount) {
        long offset = byteOffset;
        for (ByteBuffer buffer : buffers) {
            if (offset < buffer.capacity()) {
                int bytes = (int) Math.min(maxByteCount, buffer.capacity() - offset);
                return buffer.slice((int) offset, bytes).order(ByteOrder.nativeOrder());
            }
            offset -= buffer.capacity();
        }
        throw new IndexOutOfBoundsException(
                "bug: byte %d of a tensor of %d bytes".formatted(byteOffset, byteCount()));
    }

    /**
     * The number of the registered memory in which this lies, the same on all ranks; empty where it
     * is ordinary memory.
     */
    public OptionalInt registration() {
        return memory == null ? OptionalInt.empty() : memory.number();
    }

    /**
     * Checks that the memory may be used.
     *
     * @throws IllegalStateException if it is registered memory that has been closed
     */
    public void requireOpen() {
        if (memory != null) {
            memory.requireOpen();
        }
    }

    /** How many bytes of the registered memory come before this. */
    public long registrationOffset() {
        return memoryOffset;
    }

    @Override
    public String toString() {
        return type + shape.toString();
    }
}
