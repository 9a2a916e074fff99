package org.jhorovod.allreduce.negotiation;

import java.time.Duration;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.fusion.FusionPlanner;

/**
 * How tensors that are submitted by name are put together.
 *
 * @param fusionMib how large what runs as one may grow; 0 where each runs by itself
 * @param cycleMillis for how long what is submitted waits for more, to be announced together
 */
public record Batching(int fusionMib, int cycleMillis) {
    private static final long MIB = 1 << 20;

    /** What the settings say. */
    public static Batching of(Configuration settings) {
        return new Batching(settings.get(Settings.FUSION_MIB), settings.get(Settings.CYCLE_MILLIS));
    }

    FusionPlanner planner() {
        return new FusionPlanner(fusionMib * MIB);
    }

    Duration cycle() {
        return Duration.ofMillis(cycleMillis);
    }

    Batching withFusionMib(int mib) {
        return new Batching(mib, cycleMillis);
    }

    Batching withCycleMillis(int millis) {
        return new Batching(fusionMib, millis);
    }

    /** By the names of the settings. */
    String describe() {
        return "JHOROVOD_FUSION_MIB=%d JHOROVOD_CYCLE_MILLIS=%d".formatted(fusionMib, cycleMillis);
    }
}
