package org.jhorovod.djl.local;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the ranks make of the mean change of all sites since they last had the same parameters.
 *
 * <p>The change, from the sites' parameters to the common ones, stands for a gradient: {@code
 * velocity = momentum * velocity + change}, {@code parameters -= rate * (change + momentum *
 * velocity)}, which is Nesterov's momentum as PyTorch and DiLoCo have it. With a rate of 1 and no
 * momentum the parameters are the mean of the sites' (local SGD).
 *
 * @param rate more than 0; DiLoCo's is 0.7
 * @param momentum from 0 to less than 1; DiLoCo's is 0.9
 */
public record OuterOptimizer(double rate, double momentum) {
    /** What {@link #parse} takes, in words. */
    public static final String ALLOWED = "average, or nesterov:RATE,MOMENTUM (nesterov:0.7,0.9)";

    private static final OuterOptimizer AVERAGE = new OuterOptimizer(1, 0);
    private static final String NESTEROV = "nesterov:";

    /** Checks the numbers. */
    public OuterOptimizer {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException(
                    "An outer optimizer's rate must be more than 0, not %s.".formatted(rate));
        }
        if (!(momentum >= 0) || momentum >= 1) {
            throw new IllegalArgumentException(
                    "An outer optimizer's momentum must be from 0 to less than 1, not %s."
                            .formatted(momentum));
        }
    }

    /** The mean of the sites' parameters: local SGD. */
    public static OuterOptimizer average() {
        return AVERAGE;
    }

    /** Nesterov's momentum: DiLoCo with 0.7 and 0.9. */
    public static OuterOptimizer nesterov(double rate, double momentum) {
        return new OuterOptimizer(rate, momentum);
    }

    /**
     * The one of a name, as a user would write it.
     *
     * @throws IllegalArgumentException if there is none, with what is allowed
     */
    public static OuterOptimizer parse(String text) {
        String name = text.strip().toLowerCase(Locale.ROOT);
        if (name.equals("average")) {
            return AVERAGE;
        }
        try {
            if (name.startsWith(NESTEROV)) {
                String[] numbers = name.substring(NESTEROV.length()).split(",", 2);
                return nesterov(Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1]));
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw unknown(text, e);
        }
        throw unknown(text, null);
    }

    private static IllegalArgumentException unknown(String text, @Nullable Exception cause) {
        return new IllegalArgumentException(
                "There is no outer optimizer '%s'. Use %s.".formatted(text, ALLOWED), cause);
    }

    boolean hasMomentum() {
        return momentum != 0;
    }

    /**
     * Moves parameters by a mean change.
     *
     * @param velocity from the time before; not used without momentum
     * @param start of the elements in parameters and velocity
     * @param change of as many elements as count
     */
    void update(float[] parameters, float[] velocity, int start, float[] change, int count) {
        float step = (float) rate;
        if (!hasMomentum()) {
            for (int i = 0; i < count; i++) {
                parameters[start + i] -= step * change[i];
            }
            return;
        }
        float kept = (float) momentum;
        for (int i = 0; i < count; i++) {
            float next = kept * velocity[start + i] + change[i];
            velocity[start + i] = next;
            parameters[start + i] -= step * (change[i] + kept * next);
        }
    }

    /** As {@link #parse} takes it. */
    @Override
    public String toString() {
        return equals(AVERAGE) ? "average" : NESTEROV + rate + "," + momentum;
    }
}
