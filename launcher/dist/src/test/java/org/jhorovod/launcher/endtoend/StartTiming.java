package org.jhorovod.launcher.endtoend;

import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.slf4j.LoggerFactory;

/**
 * Says when a rank entered {@code JHorovod.init()} and when its first collective had finished, on
 * the clock that all processes of a host share; {@code src/test/benchmark/start} reads it.
 */
public final class StartTiming {
    private static final int ELEMENTS = 1000;

    private StartTiming() {}

    /** Takes part in a job; an argument has logging be set up within the measured time. */
    public static void main(String[] arguments) {
        if (arguments.length == 0) {
            LoggerFactory.getLogger(StartTiming.class).debug("logging is set up");
        }
        long enteredNanos = System.nanoTime();
        Communicator communicator = JHorovod.init().planned();
        long joinedNanos = System.nanoTime();
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, ELEMENTS);
        communicator.allReduce("first", tensor, ReduceOp.SUM);
        long finishedNanos = System.nanoTime();
        System.out.println("START " + enteredNanos + " " + joinedNanos + " " + finishedNanos);
        JHorovod.shutdown();
    }
}
