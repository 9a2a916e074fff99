package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.plan.HostSlots;
import org.jhorovod.launcher.plan.SlotAssignment;

/**
 * Whether a job that has failed is started again, and where; decides, and does nothing itself.
 *
 * @param maxRestarts how often at most
 * @param size how many ranks users want
 * @param minSize with how many they would still make do
 * @param hosts that they have named
 */
public record RestartRule(int maxRestarts, int size, int minSize, ImmutableList<HostSlots> hosts) {
    private static final Duration FIRST_DELAY = Duration.ofSeconds(1);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);

    /** What comes after an attempt. */
    sealed interface Decision {

        /** Another one, at these places. */
        record Again(ImmutableList<Topology> places, Duration delay) implements Decision {}

        /** None, for a reason that is not told where it is plain. */
        record Stop(String why) implements Decision {}
    }

    /** Starts no job again. */
    public static RestartRule never() {
        return new RestartRule(0, 1, 1, ImmutableList.of());
    }

    /**
     * Decides after the last of these attempts.
     *
     * @param ends of all attempts so far, at least one
     */
    Decision decide(List<AttemptEnd> ends) {
        AttemptEnd last = ends.get(ends.size() - 1);
        boolean mayBeTried =
                switch (last.kind()) {
                    case FINISHED, INTERRUPTED -> false;
                    case REFUSED -> ends.size() > 1 && !last.lostHosts().isEmpty();
                    case FAILED -> true;
                };
        if (!mayBeTried || maxRestarts == 0) {
            return new Decision.Stop("");
        }
        if (last.isForWantOfProgram()) {
            return new Decision.Stop("a program that cannot be run is not tried again");
        }
        if (ends.size() > maxRestarts) {
            return new Decision.Stop("--max-restarts is " + maxRestarts);
        }
        return again(ends);
    }

    private Decision again(List<AttemptEnd> ends) {
        Set<String> lost = new HashSet<>();
        ends.forEach(end -> lost.addAll(end.lostHosts()));
        List<HostSlots> left = hosts.stream().filter(each -> !lost.contains(each.host())).toList();
        long slots = left.stream().mapToLong(HostSlots::slots).sum();
        int ranks = (int) Math.min(size, slots);
        if (ranks < minSize) {
            String names = left.stream().map(HostSlots::host).collect(Collectors.joining(", "));
            return new Decision.Stop(
                    "%s left%s, and %d are needed (--min-np)"
                            .formatted(
                                    slots == 1 ? "1 slot is" : slots + " slots are",
                                    left.isEmpty() ? "" : " on " + names,
                                    minSize));
        }
        return new Decision.Again(
                ImmutableList.copyOf(SlotAssignment.assign(ranks, left)), delay(ends));
    }

    /** Longer with each attempt in a row of which no rank has come as far as the rendezvous. */
    private static Duration delay(List<AttemptEnd> ends) {
        Duration delay = FIRST_DELAY;
        for (int i = ends.size() - 1; i >= 0 && !ends.get(i).hasMetAny(); i--) {
            delay = delay.multipliedBy(2);
            if (delay.compareTo(LONGEST_DELAY) > 0) {
                return LONGEST_DELAY;
            }
        }
        return delay;
    }
}
