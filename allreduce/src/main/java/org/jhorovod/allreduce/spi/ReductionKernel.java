package org.jhorovod.allreduce.spi;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;

/** Reduces runs of elements into one, and scales one. Used by one thread at a time. */
public interface ReductionKernel {

    /**
     * Reduces the inputs element by element, in their order, and writes the result to all outputs.
     * An output may be one of the inputs, and may not overlap one in any other way.
     *
     * @param op the reduction, which {@link ReduceOp#isElementWise}; {@link ReduceOp#AVERAGE} adds,
     *     and divides by {@code divisor}
     * @param inputs two or more, of elements in native order between position and limit, as many in
     *     each; the positions do not move
     * @param outputs one or more of as many elements; the positions do not move
     * @param divisor what to divide by after adding, 1 for nothing
     */
    void reduce(
            DataType type,
            ReduceOp op,
            List<ByteBuffer> inputs,
            List<ByteBuffer> outputs,
            int divisor);

    /**
     * Multiplies each element by a factor, in place. Each product is made in float64 and rounded to
     * nearest; that of a 16-bit type to float32 first.
     *
     * @param type a floating-point type
     * @param elements in native order between position and limit; the position may move
     */
    void scale(DataType type, ByteBuffer elements, double factor);
}
