package org.jhorovod.allreduce.control;

import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jspecify.annotations.Nullable;

/**
 * What a rank has submitted last.
 *
 * @param sequence of the operation; zero before the first
 * @param call null before the first
 */
record Submitted(long sequence, @Nullable CollectiveCall call) {
    /** In words, before the first collective. */
    static final String NOTHING = "nothing yet";

    static final Submitted NONE = new Submitted(0, null);

    String describe() {
        return call == null ? NOTHING : call.describe();
    }

    /** With its number, as the end of a sentence. */
    String describeOperation() {
        return "operation %d, %s".formatted(sequence, describe());
    }
}
