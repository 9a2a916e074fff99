package org.jhorovod.allreduce.backend.mpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jhorovod.allreduce.collective.DataType;
import org.junit.jupiter.api.Test;

class FloatOrderTest {
    private static final double[] VALUES = {
        Double.NEGATIVE_INFINITY,
        -1e30,
        -1,
        -1e-40,
        -0.0,
        0.0,
        1e-40,
        1,
        1e30,
        Double.POSITIVE_INFINITY,
        Double.NaN
    };

    @Test
    void minimum_isThatOfMath_alsoOfZerosAndNan() {
        for (double a : VALUES) {
            for (double b : VALUES) {
                assertThat(reduce32((float) a, (float) b, true))
                        .as("float32 minimum of %s and %s", a, b)
                        .isEqualTo(Float.valueOf(Math.min((float) a, (float) b)));
                assertThat(reduce64(a, b, true))
                        .as("float64 minimum of %s and %s", a, b)
                        .isEqualTo(Double.valueOf(Math.min(a, b)));
            }
        }
    }

    @Test
    void maximum_isThatOfMath_alsoOfZerosAndNan() {
        for (double a : VALUES) {
            for (double b : VALUES) {
                assertThat(reduce32((float) a, (float) b, false))
                        .as("float32 maximum of %s and %s", a, b)
                        .isEqualTo(Float.valueOf(Math.max((float) a, (float) b)));
                assertThat(reduce64(a, b, false))
                        .as("float64 maximum of %s and %s", a, b)
                        .isEqualTo(Double.valueOf(Math.max(a, b)));
            }
        }
    }

    /** As MPI does it: a comparison of whole numbers between encoding and decoding. */
    private static float reduce32(float a, float b, boolean isMinimum) {
        ByteBuffer elements = buffer().putFloat(0, a).putFloat(4, b).limit(8);
        FloatOrder.encode(DataType.FLOAT32, elements, isMinimum);
        int x = elements.getInt(0);
        int y = elements.getInt(4);
        elements.putInt(0, isMinimum ? Math.min(x, y) : Math.max(x, y)).limit(4);
        FloatOrder.decode(DataType.FLOAT32, elements);
        return elements.getFloat(0);
    }

    private static double reduce64(double a, double b, boolean isMinimum) {
        ByteBuffer elements = buffer().putDouble(0, a).putDouble(8, b);
        FloatOrder.encode(DataType.FLOAT64, elements, isMinimum);
        long x = elements.getLong(0);
        long y = elements.getLong(8);
        elements.putLong(0, isMinimum ? Math.min(x, y) : Math.max(x, y)).limit(8);
        FloatOrder.decode(DataType.FLOAT64, elements);
        return elements.getDouble(0);
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
    }
}
