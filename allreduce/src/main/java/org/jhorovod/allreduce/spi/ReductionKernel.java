package org.jhorovod.allreduce.spi;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;

/** Reduces two runs of elements into one, and scales one. Used by one thread at a time. */
public interface ReductionKernel {

    /**
     * Replaces each element of {@code accumulator} by its reduction with that of {@code incoming}.
     *
     * @param op the reduction; {@link ReduceOp#AVERAGE} adds, and divides by {@code divisor}
     * @param incoming elements in native order between position and limit; the position may move
     * @param accumulator as many elements; the position may move
     * @param divisor what to divide by after adding, 1 for nothing
     */
    void reduce(
            DataType type, ReduceOp op, ByteBuffer incoming, ByteBuffer accumulator, int divisor);

    /**
     * Multiplies each element by a factor, in place. Each product is made in float64 and rounded to
     * nearest; that of a 16-bit type to float32 first.
     *
     * @param type a floating-point type
     * @param elements in native order between position and limit; the position may move
     */
    void scale(DataType type, ByteBuffer elements, double factor);
}
