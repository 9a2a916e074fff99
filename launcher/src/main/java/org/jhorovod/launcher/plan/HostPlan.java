package org.jhorovod.launcher.plan;

import java.util.List;
import org.jhorovod.allreduce.rendezvous.Secret;

/**
 * What one host's agent has to start.
 *
 * @param host the host's name for messages
 * @param directory where the ranks start
 * @param command the program and its arguments
 * @param environment what all ranks find in their environment beyond what the agent has
 * @param ranks the ranks of this host
 * @param secret the job's secret
 * @param sharesHost whether each rank gets its share of the host's cores and GPUs; not what starts
 *     ranks itself
 */
public record HostPlan(
        String host,
        String directory,
        List<String> command,
        List<EnvironmentChange> environment,
        List<RankPlan> ranks,
        Secret secret,
        boolean sharesHost) {

    /** Copies the lists and checks that there is something to start. */
    public HostPlan {
        command = List.copyOf(command);
        environment = List.copyOf(environment);
        ranks = List.copyOf(ranks);
        if (command.isEmpty() || ranks.isEmpty()) {
            throw new IllegalArgumentException("A plan needs a program and a rank.");
        }
    }

    /** A plan whose ranks share the host. */
    public HostPlan(
            String host,
            String directory,
            List<String> command,
            List<EnvironmentChange> environment,
            List<RankPlan> ranks,
            Secret secret) {
        this(host, directory, command, environment, ranks, secret, true);
    }

    /** The same with other plans for its ranks. */
    public HostPlan with(List<RankPlan> otherRanks) {
        return new HostPlan(host, directory, command, environment, otherRanks, secret, sharesHost);
    }
}
