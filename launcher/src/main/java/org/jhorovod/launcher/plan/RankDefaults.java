package org.jhorovod.launcher.plan;

import java.util.Map;

/** What a rank's environment holds unless the user has set it. */
public final class RankDefaults {
    private RankDefaults() {}

    /**
     * Shares the host's cores out among its ranks, and turns DJL's telemetry off.
     *
     * @param environment of the rank; changed where a variable is missing
     */
    public static void apply(Map<String, String> environment, int cores, int localRanks) {
        environment.putIfAbsent(
                "OMP_NUM_THREADS", Integer.toString(Math.max(1, cores / localRanks)));
        environment.putIfAbsent("OPT_OUT_TRACKING", "true");
    }
}
