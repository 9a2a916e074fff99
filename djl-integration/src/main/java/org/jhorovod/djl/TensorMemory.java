package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.DataType;

/** Moves elements between DJL's arrays and direct buffers; on the CPU without a copy between. */
final class TensorMemory {
    private static final int BLOCK_ELEMENTS = 4096;

    // Owned by the training thread.
    private final float[] floats = new float[BLOCK_ELEMENTS];
    private final double[] doubles = new double[BLOCK_ELEMENTS];

    /**
     * The bytes of an array for reading, valid while the array is open.
     *
     * @return a view of the array's own memory on the CPU, otherwise a copy
     */
    static ByteBuffer bytes(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    /** Replaces an array's elements in place by what {@code fill} puts into the given buffer. */
    static void overwrite(NDArray array, Consumer<ByteBuffer> fill) {
        if (!array.getDevice().isGpu()) {
            fill.accept(bytes(array));
            return;
        }
        int byteCount = Math.toIntExact(array.size() * array.getDataType().getNumOfBytes());
        ByteBuffer staging = ByteBuffer.allocateDirect(byteCount).order(ByteOrder.nativeOrder());
        fill.accept(staging);
        staging.rewind();
        try (NDManager manager = array.getManager().newSubManager(Device.cpu());
                NDArray host = manager.create(staging, array.getShape(), array.getDataType());
                NDArray value = host.toDevice(array.getDevice(), true)) {
            array.set(new NDIndex("..."), value);
        }
    }

    /**
     * Whether {@link #overwrite} reaches the array's elements: not where the array is a view with
     * its elements in another order, of which the engine silently makes a copy.
     */
    static boolean canOverwrite(NDArray array) {
        if (array.getDevice().isGpu() || array.isEmpty()) {
            return true;
        }
        ByteBuffer first = bytes(array);
        byte[] kept = new byte[array.getDataType().getNumOfBytes()];
        first.get(0, kept);
        byte[] probe = kept.clone();
        probe[kept.length - 1] ^= 1;
        first.put(0, probe);
        boolean seen = bytes(array).get(kept.length - 1) == probe[kept.length - 1];
        first.put(0, kept);
        return seen;
    }

    /** Puts {@code source} times {@code factor} into {@code target}, element by element. */
    void scale(DataType type, ByteBuffer source, double factor, ByteBuffer target) {
        switch (type) {
            case FLOAT32 -> scale(source.asFloatBuffer(), factor, target.asFloatBuffer());
            case FLOAT64 -> scale(source.asDoubleBuffer(), factor, target.asDoubleBuffer());
            default -> throw new AssertionError(type);
        }
    }

    private void scale(FloatBuffer source, double factor, FloatBuffer target) {
        while (source.hasRemaining()) {
            int count = Math.min(source.remaining(), BLOCK_ELEMENTS);
            source.get(floats, 0, count);
            // The product is taken in double, so that 1/total rounds as a division would.
            for (int i = 0; i < count; i++) {
                floats[i] = (float) (floats[i] * factor);
            }
            target.put(floats, 0, count);
        }
    }

    private void scale(DoubleBuffer source, double factor, DoubleBuffer target) {
        while (source.hasRemaining()) {
            int count = Math.min(source.remaining(), BLOCK_ELEMENTS);
            source.get(doubles, 0, count);
            for (int i = 0; i < count; i++) {
                doubles[i] *= factor;
            }
            target.put(doubles, 0, count);
        }
    }

    /** Puts zeros into all remaining bytes. */
    static void clear(ByteBuffer target) {
        byte[] zeros = new byte[Math.min(target.remaining(), 8 * BLOCK_ELEMENTS)];
        while (target.hasRemaining()) {
            target.put(zeros, 0, Math.min(zeros.length, target.remaining()));
        }
    }
}
