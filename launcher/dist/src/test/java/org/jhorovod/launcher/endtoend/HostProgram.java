package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A rank that says where it is, and what all ranks' numbers add up to.
 *
 * <p>Argument: {@code once}; {@code on} to reduce again and again, beside a child in a session of
 * its own that would outlive the rank; or {@code on-alone} for the same without a child.
 */
public final class HostProgram {
    private static final Duration PAUSE = Duration.ofMillis(20);

    private HostProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws IOException {
        if (arguments[0].equals("on")) {
            new ProcessBuilder("setsid", "sleep", "600").inheritIO().start();
        }
        Communicator communicator = JHorovod.init();
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 1);
        tensor.buffers().get(0).putInt(communicator.rank());
        communicator.allReduce("ranks", tensor, ReduceOp.SUM);
        System.out.printf(
                "%s, sum %d%n",
                Place.of(communicator.topology()), tensor.buffers().get(0).getInt());
        while (!arguments[0].equals("once")) {
            communicator.allReduce("ranks", tensor, ReduceOp.MAX);
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
