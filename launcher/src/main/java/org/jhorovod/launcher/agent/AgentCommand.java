package org.jhorovod.launcher.agent;

import org.jhorovod.launcher.plan.HostPlan;

/** What the launcher tells an agent. */
public sealed interface AgentCommand {

    /** Start the ranks; comes once. */
    record Start(HostPlan plan) implements AgentCommand {}

    /** Standard input for rank 0; the next comes after {@link AgentEvent.InputTaken}. */
    record Input(Bytes bytes) implements AgentCommand {}

    /** Rank 0's standard input ends. */
    record EndOfInput() implements AgentCommand {}

    /** Send this signal to all groups that are left, and start no rank any more. */
    record Signal(UnixSignal signal) implements AgentCommand {}
}
