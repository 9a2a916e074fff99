package org.jhorovod.allreduce.conformance;

import java.time.Duration;

/**
 * A program that every rank of a group runs, and that checks on each rank what the backend did.
 *
 * @param name without blanks, by which a process finds it in {@link ConformanceCases}
 * @param scope what is left afterwards
 * @param operationTimeout the group's operation deadline
 * @param program throws an {@link AssertionError} where something is not as it should be
 */
public record ConformanceCase(
        String name, Scope scope, Duration operationTimeout, Program program) {

    /** What a case leaves of its group. */
    public enum Scope {
        /** All of it: the next case can follow. */
        SHARED,
        /**
         * All of it, but the communicator: the last of the cases; only where ranks are processes.
         */
        LEAVES_AND_JOINS,
        /** The communicator has failed. */
        ENDS_COMMUNICATOR,
        /** As before, and the case makes sense only where tensors lie on devices. */
        ENDS_COMMUNICATOR_ON_DEVICE,
        /** The communicator has failed, and the last rank is dead. */
        KILLS_LAST_RANK
    }

    /** What a rank does. */
    @FunctionalInterface
    public interface Program {
        void run(Participant participant);
    }

    @Override
    public String toString() {
        return name;
    }
}
