package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;

/*
 * Blocks of elements share a step, and each is a whole number of steps in 8 or 4 bits.
 *
 * step    a float32: the largest magnitude of the block divided by the largest number, 127 or 7,
 *         but at least the smallest normal float32, so that its inverse is finite. NaN if any
 *         element is not finite; then all of the block decodes to NaN.
 * number  the element divided by the step, rounded to nearest, ties to even
 *
 * First all steps, then all numbers; of two in a byte the first has the low bits. An element is off
 * by half a step at most, and a rounding.
 *
 * The blocks' lengths: the error in % of the values (root of the mean squares, a million of them),
 * when these are normally distributed, as Laplace, and as Student with 3 degrees of freedom. Half
 * the length costs twice the bits for steps; in 8 bits the error is small as it is, in 4 it counts.
 *
 *   block of   64            128           256           512
 *   8 bits     0.6 0.8 1.1   0.6 0.9 1.4   0.7 1.0 1.8   0.7 1.1 2.2    8.5, 8.25, 8.125, 8.06 bits
 *   4 bits     11 14 18      12 16 23      13 18 28      13 20 34       4.5, 4.25, 4.125, 4.06 bits
 */
/** Elements in 8 or 4 bits, with a float32 for each block. */
final class BlockPacking implements Packing {
    private static final int FLOAT32_INFINITY = 0x7f800000;

    // Adding it pushes a small number's fraction out of a float32, and leaves the number in the low
    // bits: a rounding to nearest without a conversion, which C2 does for several at a time.
    private static final float ROUNDING = 0x1.8p23f;

    private final int bits;
    private final int blockElements;
    private final float largestNumber;
    private final int elementCount;
    private final float[] shifted = new float[Carried.WINDOW];
    private final byte[] bytes = new byte[Carried.WINDOW];

    private BlockPacking(int bits, int blockElements, int elementCount) {
        this.bits = bits;
        this.blockElements = blockElements;
        this.largestNumber = (1 << (bits - 1)) - 1;
        this.elementCount = elementCount;
    }

    static BlockPacking ofBytes(int elementCount) {
        return new BlockPacking(Byte.SIZE, 256, elementCount);
    }

    static BlockPacking ofNibbles(int elementCount) {
        return new BlockPacking(Byte.SIZE / 2, 64, elementCount);
    }

    @Override
    public int byteCount() {
        return stepBytes() + numberBytes(elementCount);
    }

    private int stepBytes() {
        return Float.BYTES * ((elementCount + blockElements - 1) / blockElements);
    }

    private int numberBytes(int count) {
        return (int) (((long) count * bits + Byte.SIZE - 1) / Byte.SIZE);
    }

    @Override
    public void encode(float[] elements, ByteBuffer to) {
        for (int start = 0; start < elementCount; start += Carried.WINDOW) {
            int count = Math.min(Carried.WINDOW, elementCount - start);
            for (int block = 0; block < count; block += blockElements) {
                int blockCount = Math.min(blockElements, count - block);
                float step = encodeBlock(elements, start + block, blockCount, block);
                to.putFloat(Float.BYTES * ((start + block) / blockElements), step);
            }
            pack(count);
            to.put(stepBytes() + numberBytes(start), bytes, 0, numberBytes(count));
        }
    }

    /** Leaves the rounded numbers of a block in the window, and what they lack in the elements. */
    private float encodeBlock(float[] elements, int start, int count, int to) {
        int largest = largestMagnitude(elements, start, count);
        if (largest >= FLOAT32_INFINITY) {
            Arrays.fill(elements, start, start + count, 0);
            Arrays.fill(shifted, to, to + count, ROUNDING);
            return Float.NaN;
        }
        float step = step(Float.intBitsToFloat(largest));
        float inverse = 1 / step;
        for (int i = 0; i < count; i++) {
            shifted[to + i] = elements[start + i] * inverse + ROUNDING;
        }
        for (int i = 0; i < count; i++) {
            elements[start + i] -= (shifted[to + i] - ROUNDING) * step;
        }
        return step;
    }

    private float step(float largest) {
        float step = Math.max(largest / largestNumber, Float.MIN_NORMAL);
        // Of the very largest float32, the step may be rounded up, and the number times it
        // infinite.
        return Float.isInfinite(step * largestNumber) ? Math.nextDown(step) : step;
    }

    /** As bits, whose order is that of the magnitudes, with NaN above infinity; four at a time. */
    private static int largestMagnitude(float[] elements, int start, int count) {
        int a = 0;
        int b = 0;
        int c = 0;
        int d = 0;
        int i = start;
        for (; i < start + count - 3; i += 4) {
            a = Math.max(a, magnitude(elements[i]));
            b = Math.max(b, magnitude(elements[i + 1]));
            c = Math.max(c, magnitude(elements[i + 2]));
            d = Math.max(d, magnitude(elements[i + 3]));
        }
        for (; i < start + count; i++) {
            a = Math.max(a, magnitude(elements[i]));
        }
        return Math.max(Math.max(a, b), Math.max(c, d));
    }

    private static int magnitude(float value) {
        return Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
    }

    private void pack(int count) {
        if (bits == Byte.SIZE) {
            for (int i = 0; i < count; i++) {
                bytes[i] = (byte) Float.floatToRawIntBits(shifted[i]);
            }
            return;
        }
        if (count % 2 != 0) {
            shifted[count] = ROUNDING; // a window is even, so there is room
        }
        for (int i = 0; i < (count + 1) / 2; i++) {
            int low = Float.floatToRawIntBits(shifted[2 * i]) & 0xf;
            bytes[i] = (byte) (low | (Float.floatToRawIntBits(shifted[2 * i + 1]) << 4));
        }
    }

    @Override
    public void add(ByteBuffer from, int start, float[] sums, int count) {
        from.get(stepBytes() + numberBytes(start), bytes, 0, numberBytes(count));
        for (int block = 0; block < count; block += blockElements) {
            int end = Math.min(block + blockElements, count);
            float step = from.getFloat(Float.BYTES * ((start + block) / blockElements));
            if (Float.isInfinite(step)) {
                step = Float.NaN; // none of ours is infinite
            }
            if (bits == Byte.SIZE) {
                addBytes(step, sums, block, end);
            } else {
                addNibbles(step, sums, block, end);
            }
        }
    }

    private void addBytes(float step, float[] sums, int start, int end) {
        for (int i = start; i < end; i++) {
            sums[i] += bytes[i] * step;
        }
    }

    private void addNibbles(float step, float[] sums, int start, int end) {
        int i = start;
        for (; i < end - 1; i += 2) {
            int both = bytes[i / 2];
            sums[i] += ((both << 28) >> 28) * step;
            sums[i + 1] += (both >> 4) * step;
        }
        if (i < end) {
            sums[i] += ((bytes[i / 2] << 28) >> 28) * step;
        }
    }
}
