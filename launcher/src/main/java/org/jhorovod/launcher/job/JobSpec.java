package org.jhorovod.launcher.job;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
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
 * @param starter who starts the ranks
 * @param generation how often the job had been started before
 * @param certificate by which connections are encrypted; empty if they are not
 */
public record JobSpec(
        List<Topology> places,
        List<String> command,
        List<EnvironmentChange> environment,
        SshOptions ssh,
        Optional<String> networkInterface,
        JobTimeouts timeouts,
        boolean isVerbose,
        Starter starter,
        int generation,
        Optional<JobCertificate> certificate) {

    /** Who starts the ranks of a job. */
    public enum Starter {
        /** An agent of ours on each host; ssh leads to the others. */
        AGENTS,
        /** The same; srun leads to the other nodes of this Slurm allocation. */
        SLURM_AGENTS,
        /** One {@code mpirun}, which the agent of this host holds. */
        MPIRUN
    }

    /** A job whose ranks agents start. */
    public JobSpec(
            List<Topology> places,
            List<String> command,
            List<EnvironmentChange> environment,
            SshOptions ssh,
            Optional<String> networkInterface,
            JobTimeouts timeouts,
            boolean isVerbose) {
        this(
                places,
                command,
                environment,
                ssh,
                networkInterface,
                timeouts,
                isVerbose,
                Starter.AGENTS,
                0,
                Optional.empty());
    }

    /** The same started anew, at these places. */
    JobSpec again(List<Topology> otherPlaces, int newGeneration) {
        return new JobSpec(
                otherPlaces,
                command,
                environment,
                ssh,
                networkInterface,
                timeouts,
                isVerbose,
                starter,
                newGeneration,
                certificate);
    }

    /** Copies the lists. */
    public JobSpec {
        places = List.copyOf(places);
        command = List.copyOf(command);
        environment = List.copyOf(environment);
    }

    /** Whether the ranks are told to sum the run up. */
    boolean wantsReport() {
        return environment.stream()
                .anyMatch(change -> change.name().equals(Settings.REPORT.environmentName()));
    }

    /** Whether one mpirun starts the ranks. */
    public boolean isUnderMpirun() {
        return starter == Starter.MPIRUN;
    }

    /** The hosts that need an agent, in the order of their first ranks. */
    List<String> hosts() {
        return holders().stream().distinct().toList();
    }

    /** The hosts whose agents hold the ranks, by rank. */
    List<String> holders() {
        return places.stream()
                .map(place -> isUnderMpirun() ? ThisHost.name() : place.host())
                .toList();
    }
}
