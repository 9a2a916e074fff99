package org.jhorovod.launcher.agent;

import java.util.List;

/** What an agent tells the launcher. */
public sealed interface AgentEvent {

    /** Which of a rank's two streams. */
    enum Stream {
        STDOUT,
        STDERR
    }

    /**
     * Comes first; its form never changes, so that any two versions understand it.
     *
     * @param wireVersion of all that follows
     * @param version of JHorovod
     */
    record Hello(int wireVersion, String version) implements AgentEvent {}

    /**
     * What came of {@link AgentCommand.TryAddresses}.
     *
     * @param identity of the host that tried
     * @param trials in the order of the addresses
     */
    record AddressesTried(HostIdentity identity, List<AddressTrial> trials) implements AgentEvent {

        /** Copies the list. */
        public AddressesTried {
            trials = List.copyOf(trials);
        }
    }

    /** The agent is alive. */
    record Beat() implements AgentEvent {}

    /** The secret lies in this folder now; whoever survives deletes it. */
    record Prepared(String secretFolder) implements AgentEvent {}

    /** A rank's process runs; its pid is its group's number too. */
    record Started(int rank, long pid) implements AgentEvent {}

    /** A rank's process could not be started. */
    record StartFailed(int rank, String reason) implements AgentEvent {}

    /** A rank's process was not started because the job was told to end before. */
    record NotStarted(int rank) implements AgentEvent {}

    /** What a rank wrote. */
    record Output(int rank, Stream stream, Bytes bytes) implements AgentEvent {}

    /** Rank 0 has taken the last input, or will never take any more. */
    record InputTaken() implements AgentEvent {}

    /**
     * A rank's process has ended and all its output was sent.
     *
     * @param code its exit code, or 128 + n if signal n ended it
     */
    record Exited(int rank, int code) implements AgentEvent {}

    /** Something that a person should know. */
    record Notice(String text) implements AgentEvent {}
}
