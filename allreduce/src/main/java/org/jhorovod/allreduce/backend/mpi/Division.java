package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jhorovod.allreduce.collective.DataType;

/** Makes sums averages; rounds as the host backend does, so that two ranks get the same bits. */
final class Division {
    private static final int BLOCK = 4096;

    private Division() {}

    /** Divides each element, in place. */
    static void divide(DataType type, ByteBuffer elements, int divisor) {
        if (type == DataType.FLOAT32) {
            divideFloats(elements.asFloatBuffer(), divisor);
            return;
        }
        int step = type.byteCount();
        for (int i = elements.position(); i < elements.limit(); i += step) {
            switch (type) {
                case FLOAT64 -> elements.putDouble(i, elements.getDouble(i) / divisor);
                case INT32 -> elements.putInt(i, elements.getInt(i) / divisor);
                case INT64 -> elements.putLong(i, elements.getLong(i) / divisor);
                case INT8 -> elements.put(i, (byte) (elements.get(i) / divisor));
                default -> elements.put(i, (byte) (Byte.toUnsignedInt(elements.get(i)) / divisor));
            }
        }
    }

    /** Gradients: through an array, whose loop the compiler makes a vector of. */
    private static void divideFloats(FloatBuffer floats, int divisor) {
        float[] block = new float[Math.min(BLOCK, floats.capacity())];
        for (int start = 0; start < floats.capacity(); start += BLOCK) {
            int count = Math.min(BLOCK, floats.capacity() - start);
            floats.get(start, block, 0, count);
            for (int i = 0; i < count; i++) {
                block[i] /= divisor;
            }
            floats.put(start, block, 0, count);
        }
    }
}
