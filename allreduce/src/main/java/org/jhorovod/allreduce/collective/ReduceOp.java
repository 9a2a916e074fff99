package org.jhorovod.allreduce.collective;

import java.util.OptionalDouble;

/**
 * How the ranks' elements become one.
 *
 * <p>Integer sums and products wrap around as in Java. {@link #AVERAGE} of integers is the wrapped
 * sum divided by the number of ranks, rounded towards zero. {@link #MIN} and {@link #MAX} follow
 * {@link Math#min(float, float)}: a NaN on any rank gives NaN.
 *
 * <p>{@link #ADASUM} is of all-reduce alone, and of tensors of floating-point numbers in host
 * memory; see {@link #isElementWise()}.
 */
public enum ReduceOp {
    SUM,
    AVERAGE,
    MIN,
    MAX,
    PRODUCT,
    /**
     * Of two ranks' tensors, a and b, {@code a (1 - ab/2aa) + b (1 - ab/2bb)} with products of the
     * tensors as vectors: their sum where they are orthogonal, their average where they are the
     * same. More ranks are combined in pairs, and then the pairs (Maleki et al., arXiv 2006.02924).
     * In float64, rounded at the end; among several ranks, an element that is not finite makes all
     * of them NaN.
     */
    ADASUM;

    /**
     * Whether an element of the result depends on the elements at its place alone; which those of
     * {@link #ADASUM} do not, so that several tensors are not the same as one of all their
     * elements.
     */
    public boolean isElementWise() {
        return this != ADASUM;
    }

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
