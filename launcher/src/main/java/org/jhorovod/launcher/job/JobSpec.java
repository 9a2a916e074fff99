package org.jhorovod.launcher.job;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.SshOptions;

/**
 * What to run.
 *
 * @param places one per rank, in rank order, with hosts as users wrote them
 * @param command the program and its arguments
 * @param environment changes to the environment that all ranks inherit
 * @param ssh how other hosts are reached
 * @param networkInterface the interface on which this host is reached; empty to find it
 * @param timeouts how long to wait for hosts
 * @param isVerbose whether to say what happens
 */
public record JobSpec(
        List<Topology> places,
        List<String> command,
        List<EnvironmentChange> environment,
        SshOptions ssh,
        Optional<String> networkInterface,
        JobTimeouts timeouts,
        boolean isVerbose) {

    /** Copies the lists. */
    public JobSpec {
        places = List.copyOf(places);
        command = List.copyOf(command);
        environment = List.copyOf(environment);
    }

    /** The hosts, in the order of their first ranks. */
    List<String> hosts() {
        return places.stream().map(Topology::host).distinct().toList();
    }
}
