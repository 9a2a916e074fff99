package org.jhorovod.launcher.agent;

import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.HostPlan;

/** What the launcher tells an agent. */
public sealed interface AgentCommand {

    /**
     * Comes first.
     *
     * @param liveness how long the agent may be silent before its ranks are ended
     * @param isRemote whether the launcher, too, counts as gone when it is silent for that long;
     *     one on the same host is gone when the pipe closes, and may be stopped for a while
     */
    record Greet(Duration liveness, boolean isRemote) implements AgentCommand {}

    /** Say which of these addresses of the launcher's store can be reached. */
    record TryAddresses(List<String> addresses, int port, Secret secret, Duration timeout)
            implements AgentCommand {

        /** Copies the list. */
        public TryAddresses {
            addresses = List.copyOf(addresses);
        }
    }

    /** The launcher is alive. */
    record Beat() implements AgentCommand {}

    /** Start the ranks; comes once. */
    record Start(HostPlan plan) implements AgentCommand {}

    /** Standard input for rank 0; the next comes after {@link AgentEvent.InputTaken}. */
    record Input(Bytes bytes) implements AgentCommand {}

    /** Rank 0's standard input ends. */
    record EndOfInput() implements AgentCommand {}

    /** Send this signal to all groups that are left, and start no rank any more. */
    record Signal(UnixSignal signal) implements AgentCommand {}
}
