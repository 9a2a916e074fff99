package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.config.SlurmList;

/** The nodes that Slurm has given to the shell in which jhorovodrun was called. */
public final class SlurmAllocation {
    private static final String JOB = "SLURM_JOB_ID";
    private static final String NODES = "SLURM_JOB_NODELIST";
    private static final String TASKS = "SLURM_TASKS_PER_NODE";

    private SlurmAllocation() {}

    /**
     * Its nodes, each with a slot for each task that was asked for.
     *
     * @return empty outside an allocation
     * @throws IllegalArgumentException saying which variable cannot be used, and what to do
     */
    public static Optional<List<HostSlots>> hosts(Map<String, String> environment) {
        String nodeList = environment.get(NODES);
        String taskList = environment.get(TASKS);
        if (!environment.containsKey(JOB) || nodeList == null || taskList == null) {
            return Optional.empty();
        }
        try {
            List<String> nodes = SlurmList.nodes(nodeList);
            List<Integer> tasks = SlurmList.counts(taskList);
            if (nodes.size() != tasks.size()) {
                throw new IllegalArgumentException("they are of different numbers of nodes");
            }
            List<HostSlots> hosts = new ArrayList<>();
            for (int i = 0; i < nodes.size(); i++) {
                hosts.add(new HostSlots(nodes.get(i), tasks.get(i)));
            }
            return Optional.of(List.copyOf(hosts));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "Slurm's %s=%s and %s=%s cannot be used: %s; name the hosts with -H, or -H localhost:N for this one alone"
                            .formatted(NODES, nodeList, TASKS, taskList, e.getMessage()),
                    e);
        }
    }
}
