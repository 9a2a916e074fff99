package org.jhorovod.allreduce.control;

import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jspecify.annotations.Nullable;

/**
 * What a rank has submitted last.
 *
 * @param sequence of the operation; zero before the first
 * @param call null before the first
 * @param byName the last call of the lane that has an order of its own; null before the first
 */
record Submitted(long sequence, @Nullable CollectiveCall call, @Nullable CollectiveCall byName) {
    /** In words, before the first collective. */
    static final String NOTHING = "nothing yet";

    static final Submitted NONE = new Submitted(0, null, null);

    String describe() {
        String inOrder = call == null ? NOTHING : call.describe();
        return byName == null
                ? inOrder
                : "%s, and by name %s".formatted(inOrder, byName.describe());
    }

    /** Both in words, without what there has not been. */
    String describeCalls() {
        return call == null && byName != null ? byName.describe() : describe();
    }

    /** With its number, as the end of a sentence. */
    String describeOperation() {
        return "operation %d, %s".formatted(sequence, describe());
    }
}
