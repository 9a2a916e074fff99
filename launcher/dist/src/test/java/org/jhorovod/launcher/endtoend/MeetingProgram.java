package org.jhorovod.launcher.endtoend;

import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/** Joins the job and leaves it, several times over, and says what it found each time. */
public final class MeetingProgram {
    private static final int TIMES = 3;

    private MeetingProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) {
        for (int time = 1; time <= TIMES; time++) {
            Communicator communicator = JHorovod.init();
            HostTensor ranks = HostTensor.allocate(DataType.INT32, 1);
            ranks.buffers().get(0).putInt(communicator.rank());
            communicator.allReduce("ranks", ranks, ReduceOp.SUM);
            System.out.printf(
                    "time %d size %d sum %d%n",
                    time, communicator.size(), ranks.buffers().get(0).getInt());
            JHorovod.shutdown();
        }
    }
}
