package org.jhorovod.launcher.job;

import com.google.common.collect.ImmutableList;
import org.jhorovod.launcher.agent.AddressTrial;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.HostIdentity;

/** What can happen to a job. */
sealed interface JobEvent {

    /** A rank runs. */
    record RankStarted(int rank, long pid) implements JobEvent {}

    /** A rank has ended, or was not started. */
    record RankExited(int rank, int code) implements JobEvent {}

    /** Somebody wants the launcher to end. */
    record Interrupted(int signalNumber) implements JobEvent {}

    /** What a host's agent says before any rank is started. */
    sealed interface Answer extends JobEvent {
        String host();
    }

    /** The agent runs. */
    record AgentReady(String host, AgentEvent.Hello hello) implements Answer {}

    /** At which addresses the host reaches the rendezvous, and which host it is. */
    record AddressesTried(String host, HostIdentity identity, ImmutableList<AddressTrial> trials)
            implements Answer {}

    /** The agent of a host has ended, or nothing is heard of it. */
    record AgentLost(String host, String how) implements JobEvent {}

    /** The mpirun that starts all ranks runs. */
    record MpirunStarted(long pid) implements JobEvent {}

    /** The mpirun has failed, or was ended, before all of its ranks had. */
    record MpirunLost(String how) implements JobEvent {}

    /** The state's deadline has passed. */
    record DeadlinePassed() implements JobEvent {}
}
