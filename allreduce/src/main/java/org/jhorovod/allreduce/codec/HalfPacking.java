package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;

/**
 * Every element as one of the two 16-bit types, rounded to nearest, ties to even. What is beyond
 * the largest number of the type is sent as that: no infinity is made of a finite number.
 */
final class HalfPacking implements Packing {
    private static final float LARGEST_FLOAT16 = 65504;
    private static final float LARGEST_BFLOAT16 = Float.intBitsToFloat(0x7f7f0000);

    private final DataType type;
    private final float largest;
    private final int elementCount;
    private final float[] floats = new float[Carried.WINDOW];
    private final short[] halves = new short[Carried.WINDOW];

    HalfPacking(DataType type, int elementCount) {
        this.type = type;
        this.largest = type == DataType.FLOAT16 ? LARGEST_FLOAT16 : LARGEST_BFLOAT16;
        this.elementCount = elementCount;
    }

    @Override
    public int byteCount() {
        return Short.BYTES * elementCount;
    }

    @Override
    public void encode(float[] elements, ByteBuffer to) {
        for (int start = 0; start < elementCount; start += Carried.WINDOW) {
            int count = Math.min(Carried.WINDOW, elementCount - start);
            for (int i = 0; i < count; i++) {
                floats[i] = saturated(elements[start + i]);
            }
            HalfPrecision.encode(type, floats, halves, count);
            to.asShortBuffer().put(start, halves, 0, count);
            HalfPrecision.decode(type, halves, floats, count);
            for (int i = 0; i < count; i++) {
                elements[start + i] -= floats[i];
            }
            Carried.dropNonFinite(elements, start, count);
        }
    }

    private float saturated(float value) {
        float magnitude = Math.abs(value);
        return magnitude > largest && magnitude <= Float.MAX_VALUE
                ? Math.copySign(largest, value)
                : value;
    }

    @Override
    public void add(ByteBuffer from, int start, float[] sums, int count) {
        from.asShortBuffer().get(start, halves, 0, count);
        HalfPrecision.decode(type, halves, floats, count);
        for (int i = 0; i < count; i++) {
            sums[i] += floats[i];
        }
    }
}
