package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Topology;

/**
 * A rank that says where it is, and what all ranks' numbers add up to.
 *
 * <p>Argument: {@code once}, or {@code on} to reduce again and again, beside a child in a session
 * of its own that would outlive the rank.
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
        Topology place = communicator.topology();
        System.out.printf(
                "rank %d of %d, local %d of %d, cross %d of %d, on %s, sum %d%n",
                place.rank(),
                place.size(),
                place.localRank(),
                place.localSize(),
                place.crossRank(),
                place.crossSize(),
                place.host(),
                tensor.buffers().get(0).getInt());
        while (arguments[0].equals("on")) {
            communicator.allReduce("ranks", tensor, ReduceOp.MAX);
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
