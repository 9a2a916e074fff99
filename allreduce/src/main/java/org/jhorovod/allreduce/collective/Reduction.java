package org.jhorovod.allreduce.collective;

import java.util.OptionalDouble;

/**
 * What an all-reduce or reduce-scatter makes of the ranks' elements: an operation, and perhaps a
 * factor by which this rank's are multiplied before it, its prescale.
 *
 * <p>Each rank has a factor of its own; whether there is one must be the same on all. A product is
 * rounded to the elements' type once before the reduction, and NCCL rounds the factor to it too. A
 * factor of 0 is a factor as others are: an infinite element times 0 is not a number.
 *
 * @param op the operation
 * @param prescale this rank's factor; empty for none, which is not the same as 1
 */
public record Reduction(ReduceOp op, OptionalDouble prescale) {

    /**
     * Checks the factor.
     *
     * @throws IllegalArgumentException if it is not finite, or the operation is neither a sum nor
     *     an average
     */
    public Reduction {
        if (prescale.isPresent() && op != ReduceOp.SUM && op != ReduceOp.AVERAGE) {
            throw new IllegalArgumentException(
                    "A prescaled %s has no meaning: only SUM and AVERAGE take a prescale. Scale the elements before the call."
                            .formatted(op));
        }
        if (prescale.isPresent() && !Double.isFinite(prescale.getAsDouble())) {
            throw new IllegalArgumentException(
                    "A prescale must be finite, not %s. Look for a division by zero."
                            .formatted(prescale.getAsDouble()));
        }
    }

    /** The plain operation. */
    public static Reduction of(ReduceOp op) {
        return new Reduction(op, OptionalDouble.empty());
    }

    /** Whether this rank's elements are multiplied by a factor before. */
    public boolean isPrescaled() {
        return prescale.isPresent();
    }

    /**
     * Refuses elements for which this has no meaning.
     *
     * @param name of the tensor, for the message
     * @throws IllegalArgumentException if the type has no such operation, is prescaled and no
     *     floating-point type, or cannot hold the factor
     */
    public void requireMeaning(String name, Tensor tensor) {
        DataType type = tensor.type();
        if (!type.supports(op)) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for the %s of %s, which has no meaning; use MIN (on all ranks), MAX (on any rank), or convert it to INT32."
                            .formatted(name, op, tensor));
        }
        if (isPrescaled() && !type.isFloatingPoint()) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for a prescaled %s of %s, but only floating-point numbers take a prescale. Convert it to FLOAT32 or FLOAT64."
                            .formatted(name, op, tensor));
        }
        if (isPrescaled() && Math.abs(prescale.getAsDouble()) > type.largest()) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for a prescale of %s, which is not finite as %s. Use a smaller one, or a wider type."
                            .formatted(name, prescale.getAsDouble(), type));
        }
    }
}
