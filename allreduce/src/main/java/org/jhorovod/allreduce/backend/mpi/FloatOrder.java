package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;

/*
 * The bits of positive floating-point numbers are in the order of the numbers, those of negative ones
 * in the opposite one: inverting all bits but the sign of the latter puts all into one order, -0 below
 * +0. A NaN goes to the end where it wins; its sign and payload are lost.
 */
/** Floating-point numbers as whole numbers in the order of {@link Math#min(float, float)}. */
final class FloatOrder {
    private FloatOrder() {}

    /**
     * Replaces float32 or float64 elements by whole numbers of the same width.
     *
     * @param isNanLeast whether a NaN is the least of all, as for a minimum, or else the greatest
     */
    static void encode(DataType type, ByteBuffer elements, boolean isNanLeast) {
        int step = type.byteCount();
        for (int i = elements.position(); i < elements.limit(); i += step) {
            if (type == DataType.FLOAT32) {
                float value = elements.getFloat(i);
                int nan = isNanLeast ? Integer.MIN_VALUE : Integer.MAX_VALUE;
                elements.putInt(i, Float.isNaN(value) ? nan : turn(elements.getInt(i)));
            } else {
                double value = elements.getDouble(i);
                long nan = isNanLeast ? Long.MIN_VALUE : Long.MAX_VALUE;
                elements.putLong(i, Double.isNaN(value) ? nan : turn(elements.getLong(i)));
            }
        }
    }

    /** The way back. */
    static void decode(DataType type, ByteBuffer elements) {
        int step = type.byteCount();
        for (int i = elements.position(); i < elements.limit(); i += step) {
            if (type == DataType.FLOAT32) {
                int bits = elements.getInt(i);
                boolean isNan = bits == Integer.MIN_VALUE || bits == Integer.MAX_VALUE;
                elements.putInt(i, isNan ? Float.floatToIntBits(Float.NaN) : turn(bits));
            } else {
                long bits = elements.getLong(i);
                boolean isNan = bits == Long.MIN_VALUE || bits == Long.MAX_VALUE;
                elements.putLong(i, isNan ? Double.doubleToLongBits(Double.NaN) : turn(bits));
            }
        }
    }

    // Each is its own inverse.
    private static int turn(int bits) {
        return bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
    }

    private static long turn(long bits) {
        return bits < 0 ? bits ^ Long.MAX_VALUE : bits;
    }
}
