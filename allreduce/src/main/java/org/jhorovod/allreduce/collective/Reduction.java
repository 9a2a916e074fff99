package org.jhorovod.allreduce.collective;

import java.util.OptionalDouble;

/**
 * What an all-reduce or reduce-scatter makes of the ranks' elements: an operation, and perhaps a
 * factor by which this rank's are multiplied before it, its prescale, and one by which the result
 * is multiplied, the postscale.
 *
 * <p>Each rank has a prescale of its own; whether there is one must be the same on all. A product
 * is rounded to the elements' type once before the reduction, and NCCL rounds the factor to it too.
 * A factor of 0 is a factor as others are: an infinite element times 0 is not a number.
 *
 * <p>The postscale is the same on all ranks. Floating-point results are rounded to their type, then
 * multiplied, and rounded again. Integer results, which have wrapped around and been divided as
 * {@link ReduceOp} says, are multiplied in float64, which holds 53 bits of them; the product is
 * rounded towards zero, and one beyond the type becomes its largest or least number. On a device
 * both factors are one, by which the elements are multiplied before.
 *
 * @param op the operation
 * @param prescale this rank's factor; empty for none, which is not the same as 1
 * @param postscale the factor of the result; 1 for none
 */
public record Reduction(ReduceOp op, OptionalDouble prescale, double postscale) {

    /**
     * Checks the factors.
     *
     * @throws IllegalArgumentException if one is not finite, or the operation is neither a sum nor
     *     an average
     */
    public Reduction {
        if (prescale.isPresent()) {
            requireSense("prescale", "before", op, prescale.getAsDouble());
        }
        if (postscale != 1) {
            requireSense("postscale", "after", op, postscale);
        }
    }

    private static void requireSense(String what, String when, ReduceOp op, double factor) {
        if (op != ReduceOp.SUM && op != ReduceOp.AVERAGE) {
            throw new IllegalArgumentException(
                    "A %sd %s has no meaning: only SUM and AVERAGE take a %s. Scale the elements %s the call."
                            .formatted(what, op, what, when));
        }
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException(
                    "A %s must be finite, not %s. Look for a division by zero."
                            .formatted(what, factor));
        }
    }

    /** An operation whose result is not scaled. */
    public Reduction(ReduceOp op, OptionalDouble prescale) {
        this(op, prescale, 1);
    }

    /** The plain operation. */
    public static Reduction of(ReduceOp op) {
        return new Reduction(op, OptionalDouble.empty());
    }

    /**
     * The same, whose result is multiplied by a factor, in place of another one.
     *
     * @param factor the same on all ranks, finite; 1 for none
     * @throws IllegalArgumentException unless the operation is a sum or an average
     */
    public Reduction postscaledBy(double factor) {
        return new Reduction(op, prescale, factor);
    }

    /** The same, whose result is not scaled. */
    public Reduction withoutPostscale() {
        return isPostscaled() ? new Reduction(op, prescale) : this;
    }

    /** The same for floating-point elements, with the postscale in the prescale. */
    public Reduction scaledBefore() {
        return isPostscaled()
                ? new Reduction(op, OptionalDouble.of(prescale.orElse(1) * postscale))
                : this;
    }

    /** Whether this rank's elements are multiplied by a factor before. */
    public boolean isPrescaled() {
        return prescale.isPresent();
    }

    /** Whether the result is multiplied by a factor. */
    public boolean isPostscaled() {
        return postscale != 1;
    }

    /**
     * Refuses a reduction of which each rank is to have a part.
     *
     * @param name of the tensor, for the message
     * @throws IllegalArgumentException if it is not one of elements
     */
    public void requireParts(String name) {
        if (!op.isElementWise()) {
            throw new IllegalArgumentException(
                    "The reduce-scatter of '%s' asks for %s, which is of whole tensors. All-reduce it instead."
                            .formatted(name, op));
        }
    }

    /**
     * Refuses elements for which this has no meaning.
     *
     * @param name of the tensor, for the message
     * @throws IllegalArgumentException if the type has no such operation, is prescaled and no
     *     floating-point type, or cannot hold the factor; so too of a postscale on a device
     */
    public void requireMeaning(String name, Tensor tensor) {
        DataType type = tensor.type();
        if (op == ReduceOp.ADASUM && (!type.supports(op) || tensor instanceof DeviceTensor)) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for ADASUM of %s, which is for floating-point numbers in host memory. Convert it to FLOAT32, or copy it to the host."
                            .formatted(name, tensor));
        }
        if (!type.supports(op)) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for the %s of %s, which has no meaning; use MIN (on all ranks), MAX (on any rank), or convert it to INT32."
                            .formatted(name, op, tensor));
        }
        boolean isFolded = isPostscaled() && tensor instanceof DeviceTensor;
        String what = isFolded ? "postscale on a device" : "prescale";
        if ((isPrescaled() || isFolded) && !type.isFloatingPoint()) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for a %sd %s of %s, but only floating-point numbers take a %s. Convert it to FLOAT32 or FLOAT64."
                            .formatted(
                                    name, isFolded ? "postscale" : "prescale", op, tensor, what));
        }
        double factor = prescale.orElse(1) * (isFolded ? postscale : 1);
        if ((isPrescaled() || isFolded) && !(Math.abs(factor) <= type.largest())) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for a %s of %s, which is not finite as %s. Use a smaller one, or a wider type."
                            .formatted(name, what, factor, type));
        }
    }
}
