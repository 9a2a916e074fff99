package org.jhorovod.launcher.endtoend;

import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A program of ranks for tests of faults: says where it is and with which process id, so that a
 * test can end it there. Rank 1 is the one that tests meddle with.
 *
 * <p>Argument: {@code start} (rank 1 stays before {@code init}), {@code collective} (all reduce
 * without end), {@code between} (rank 1 stays between two steps), or {@code mismatch} (rank 1 calls
 * another count).
 */
public final class CollectiveProgram {
    private static final long AS_GOOD_AS_FOR_EVER_MILLIS = 600_000;

    private CollectiveProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws InterruptedException {
        String where = arguments[0];
        boolean isOdd = "1".equals(System.getenv("JHOROVOD_RANK"));
        if (where.equals("start") && isOdd) {
            stay("start");
        }
        Communicator communicator = JHorovod.init();
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 1 << 20);
        communicator.allReduce("first", tensor, ReduceOp.SUM);
        if (isOdd) {
            say(where);
        }
        if (where.equals("between") && isOdd) {
            Thread.currentThread().join(AS_GOOD_AS_FOR_EVER_MILLIS);
        }
        if (where.equals("mismatch")) {
            callAnother(communicator, isOdd ? 5 : 7);
        }
        while (true) {
            communicator.allReduce("gradient", tensor, ReduceOp.AVERAGE);
        }
    }

    private static void callAnother(Communicator communicator, int count) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, count);
        long start = System.nanoTime();
        try {
            communicator.allReduce("gradient", tensor, ReduceOp.SUM);
            communicator.barrier("next");
        } finally {
            System.out.printf("told after %d ms%n", (System.nanoTime() - start) / 1_000_000);
        }
    }

    private static void stay(String where) throws InterruptedException {
        say(where);
        Thread.currentThread().join(AS_GOOD_AS_FOR_EVER_MILLIS);
    }

    private static void say(String where) {
        System.out.println("at " + where + " pid=" + ProcessHandle.current().pid() + ".");
    }
}
