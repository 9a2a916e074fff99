package org.jhorovod.allreduce.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.NamedCommunicator;

/**
 * A rank that is a process: joins the job that its environment names, runs the cases that its
 * arguments name, and prints a line for each ({@link Outcome#line}). A rank that a case kills ends
 * with exit code 137 and no line; any other ends with 0, whatever the outcomes.
 */
public final class ConformanceRank {
    private static final int KILLED = 137;

    private ConformanceRank() {}

    /** Runs the named cases in host memory. */
    public static void main(String[] caseNames) {
        run(caseNames, communicator -> new HostMemory());
    }

    /** Runs the named cases in some memory: for the main class of another backend. */
    public static void run(String[] caseNames, Function<Communicator, TensorPlace> place) {
        List<ConformanceCase> cases =
                Arrays.stream(caseNames).map(ConformanceCases::named).toList();
        NamedCommunicator communicator = JHorovod.init();
        Participant participant =
                new Participant(
                        communicator,
                        place.apply(communicator.planned()),
                        () -> Runtime.getRuntime().halt(KILLED));
        ConformanceProgram.run(participant, cases, outcome -> System.out.println(outcome.line()));
        JHorovod.shutdown();
    }
}
