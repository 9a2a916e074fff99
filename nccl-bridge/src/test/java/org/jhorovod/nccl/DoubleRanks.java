package org.jhorovod.nccl;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;

/** Groups of ranks with one device of the double each, as if each had a host of its own. */
final class DoubleRanks {

    private DoubleRanks() {}

    /**
     * Starts a group.
     *
     * @param environment further variables of all ranks, such as settings and the double's switches
     */
    static RankGroup start(int size, Map<String, String> environment) {
        return start(Collections.nCopies(size, environment));
    }

    /** Starts a rank for each given environment. */
    static RankGroup start(List<Map<String, String>> environments) {
        String libraries = NativeDouble.likeASystem().folder().toString();
        return RankGroup.start(
                environments.size(),
                List.of(),
                rank -> {
                    Map<String, String> variables = new HashMap<>();
                    variables.put("JHOROVOD_HOST", "host-" + rank);
                    variables.put("JHOROVOD_BACKEND", "nccl");
                    variables.put("JHOROVOD_NCCL_LIBRARIES", libraries);
                    variables.putAll(environments.get(rank));
                    return variables;
                });
    }
}
