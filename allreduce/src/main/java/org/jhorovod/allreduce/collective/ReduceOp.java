package org.jhorovod.allreduce.collective;

import java.util.OptionalDouble;

/**
 * How the ranks' elements become one.
 *
 * <p>Integer sums and products wrap around as in Java. {@link #AVERAGE} of integers is the wrapped
 * sum divided by the number of ranks, rounded towards zero. {@link #MIN} and {@link #MAX} follow
 * {@link Math#min(float, float)}: a NaN on any rank gives NaN.
 */
public enum ReduceOp {
    SUM,
    AVERAGE,
    MIN,
    MAX,
    PRODUCT;

    /**
     * This operation on elements that are multiplied by a factor before.
     *
     * @param factor this rank's, finite
     * @throws IllegalArgumentException unless this is {@link #SUM} or {@link #AVERAGE}
     */
    public Reduction prescaledBy(double factor) {
        return new Reduction(this, OptionalDouble.of(factor));
    }

    /**
     * This operation, whose result is multiplied by a factor.
     *
     * @param factor the same on all ranks, finite
     * @throws IllegalArgumentException unless this is {@link #SUM} or {@link #AVERAGE}
     */
    public Reduction postscaledBy(double factor) {
        return Reduction.of(this).postscaledBy(factor);
    }
}
