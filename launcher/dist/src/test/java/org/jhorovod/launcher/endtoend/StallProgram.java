package org.jhorovod.launcher.endtoend;

import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A program of ranks that submit gradients by name without end, each with its process id in front.
 * With the argument {@code loader} rank 2 stays in its data loader after some steps.
 */
public final class StallProgram {
    private static final int STEPS_BEFORE = 5;

    private StallProgram() {}

    /** What a rank's batches come from. */
    static final class SlowLoader {
        private final boolean staysAway;
        private int batches;

        SlowLoader(boolean staysAway) {
            this.staysAway = staysAway;
        }

        void nextBatch() throws InterruptedException {
            if (staysAway && batches++ == STEPS_BEFORE) {
                TimeUnit.MINUTES.sleep(10);
            }
        }
    }

    /** Runs the rank. */
    public static void main(String[] arguments) throws InterruptedException {
        NamedCommunicator communicator = JHorovod.init();
        SlowLoader loader =
                new SlowLoader(arguments[0].equals("loader") && communicator.rank() == 2);
        HostTensor gradient = HostTensor.allocate(DataType.FLOAT32, 1000);
        for (int step = 0; true; step++) {
            loader.nextBatch();
            communicator.allReduce("gradient", gradient, ReduceOp.AVERAGE);
            if (step == 0) {
                System.out.println("in step pid=" + ProcessHandle.current().pid() + ".");
            }
        }
    }
}
