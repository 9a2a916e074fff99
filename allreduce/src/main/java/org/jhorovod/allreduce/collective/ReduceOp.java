package org.jhorovod.allreduce.collective;

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
    PRODUCT
}
