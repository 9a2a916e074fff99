package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * Note [When gradients are reduced during backward]
 *
 * In the last backward pass of a step, as soon as a bucket and all before it have what they are to
 * hold. Which pass is the last nobody says, so it is taken to be the one of the number that the ranks
 * made in the step before; the first step shows it. When that pass returns all gradients are
 * averaged: what a program does to them before step() it does to averages, and never while they are
 * reduced.
 *
 *   fewer passes than before    step() averages
 *   more than before            what comes on top is local, what was averaged is equal on all ranks:
 *                               step() averages the sum once more, which is right
 *   a pass by other means       a collector that is not the trainer's: the hooks tell of it all the
 *                               same, and step() averages once more, as it does where another
 *                               trainer of the model has the hooks now
 */
/** Has gradients reduced while backward goes on. Owned by the training thread. */
final class Overlap {
    private final GradientHooks hooks;

    // Of the plan that is hooked: by bucket, how many of its parameters have a gradient to come.
    private List<GradientBucket> hooked = List.of();
    private List<Hook> set = List.of();
    private int[] memberCounts = {};
    private int[] awaited = {};
    private int readyCount;
    private @Nullable Averaging armed; // null but in the last backward pass of a step
    private @Nullable RuntimeException hookFailure;

    private long expectedPasses; // 0 before the first step
    private long passes;
    private boolean isAveraged;
    private boolean wasAveraged;

    /** A parameter's, which another trainer of the model may replace. */
    private record Hook(NamedParameter parameter, long number) {}

    Overlap(GradientHooks hooks) {
        this.hooks = hooks;
    }

    /** Whether the pass that begins now is the step's last, as far as known. */
    boolean beginPass() {
        passes++;
        isAveraged = false;
        return passes == expectedPasses;
    }

    /** How many backward passes the step has had, with the one that runs. */
    long passes() {
        return passes;
    }

    /**
     * Runs the last backward pass, and submits buckets meanwhile.
     *
     * @param buckets in the order in which all ranks reduce them
     */
    void run(Runnable backward, Averaging averaging, List<GradientBucket> buckets) {
        hook(buckets);
        awaited = memberCounts.clone();
        readyCount = 0;
        hookFailure = null;
        armed = averaging;
        try {
            backward.run();
        } finally {
            armed = null;
        }
        if (hookFailure != null) {
            throw hookFailure;
        }
    }

    /** Notes that what the last pass brought has been averaged. */
    void averaged() {
        isAveraged = true;
        wasAveraged = true;
    }

    /** Whether there is nothing that has not been averaged, for certain. */
    boolean isAveraged() {
        return isAveraged && isHooked();
    }

    private boolean isHooked() {
        return set.stream().allMatch(hook -> hooks.isSet(hook.number()));
    }

    /** Whether some of the step has been averaged, and perhaps not all. */
    boolean wasAveraged() {
        return wasAveraged;
    }

    /**
     * Notes the end of a step.
     *
     * @param mostPasses of backward that a rank made in it
     */
    void stepEnded(long mostPasses) {
        if (mostPasses > 0) {
            expectedPasses = mostPasses;
        }
        passes = 0;
        isAveraged = false;
        wasAveraged = false;
    }

    private void hook(List<GradientBucket> buckets) {
        if (buckets.equals(hooked) && isHooked()) {
            return;
        }
        close();
        List<Hook> made = new ArrayList<>();
        memberCounts = new int[buckets.size()];
        for (int i = 0; i < buckets.size(); i++) {
            int bucket = i;
            List<NamedParameter> members = buckets.get(i).born();
            // What has no gradients born in it is filled at the end.
            memberCounts[i] = members.isEmpty() ? 1 : members.size();
            for (NamedParameter member : members) {
                made.add(new Hook(member, hooks.set(member.array(), () -> added(bucket))));
            }
        }
        set = List.copyOf(made);
        hooked = List.copyOf(buckets);
    }

    private void added(int bucket) {
        Averaging averaging = armed;
        if (averaging == null) {
            isAveraged = false;
            return;
        }
        try {
            awaited[bucket]--;
            while (readyCount < awaited.length && awaited[readyCount] <= 0) {
                readyCount++;
            }
            averaging.submit(readyCount);
        } catch (RuntimeException e) {
            hookFailure = e; // it would be lost on its way through libtorch
        }
    }

    /** Lets go of the parameters that are there still, and not another trainer's by now. */
    void close() {
        for (Hook hook : set) {
            if (hooks.isSet(hook.number()) && !hook.parameter().array().isReleased()) {
                hooks.remove(hook.parameter().array());
            }
        }
        set = List.of();
        hooked = List.of();
    }
}
