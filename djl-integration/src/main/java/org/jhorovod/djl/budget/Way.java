package org.jhorovod.djl.budget;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.codec.Codec;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.djl.local.LocalPlan;
import org.jhorovod.djl.local.OuterOptimizer;

/**
 * A way for sites to train together, of those that a budget chooses from.
 *
 * @param localSteps that a site makes by itself; 0 where gradients are averaged in each step
 * @param fragments in which the sites agree on their parameters
 * @param codec between the sites
 */
public record Way(int localSteps, int fragments, Codec codec) {
    private static final Codec NONE = Codecs.parse("none");
    private static final Codec BFLOAT16 = Codecs.parse("bfloat16");
    private static final Codec INT8 = Codecs.parse("int8");
    private static final int FRAGMENTS = 4;
    private static final int LEAST_FRAGMENTED = 32;
    private static final int MOST_STEPS = 128;

    /** The codecs whose speed has to be known. */
    public static final List<Codec> CODECS = List.of(NONE, BFLOAT16, INT8);

    /** All ways, from the gentlest to the training to the hardest. */
    public static final List<Way> LADDER = ladder();

    /** The way in which all begin, until it is known how long a step takes. */
    public static final Way FIRST = new Way(8, 1, INT8);

    /*
     * Fragments come last: each is a quarter of a round old when it is taken, and a training needs more
     * steps with 32 local ones in 4 fragments than with 64 in whole rounds.
     */
    private static List<Way> ladder() {
        List<Way> ways = new ArrayList<>();
        CODECS.forEach(codec -> ways.add(new Way(0, 1, codec)));
        for (int steps = 4; steps <= MOST_STEPS; steps *= 2) {
            ways.add(new Way(steps, 1, NONE));
            ways.add(new Way(steps, 1, INT8));
        }
        for (int steps = LEAST_FRAGMENTED; steps <= MOST_STEPS; steps *= 2) {
            ways.add(new Way(steps, FRAGMENTS, INT8));
        }
        return List.copyOf(ways);
    }

    /** Whether all ranks average their gradients in each step. */
    public boolean isInStep() {
        return localSteps == 0;
    }

    /** Whether bytes are packed into fewer. */
    public boolean isPacked() {
        return !codec.equals(NONE);
    }

    /** The same, for local steps. */
    public LocalPlan plan(long lockSteps, OuterOptimizer outerOptimizer) {
        return new LocalPlan(localSteps, fragments, lockSteps, outerOptimizer, codec);
    }

    /** In words, for a log. */
    public String describe() {
        if (isInStep()) {
            return isPacked() ? codec.name() + " each step" : "plain";
        }
        return "local %d steps%s%s"
                .formatted(
                        localSteps,
                        isPacked() ? ", " + codec.name() : "",
                        fragments > 1 ? ", %d fragments".formatted(fragments) : "");
    }

    /** The same without its local steps. */
    String describeVariant() {
        return (isPacked() ? codec.name() : "in full")
                + (fragments > 1 ? " in %d fragments".formatted(fragments) : "");
    }
}
