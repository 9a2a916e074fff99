package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.TcpStore;

/**
 * A program of ranks for tests of faults: says where it is and with which process id, so that a
 * test can end it there. Rank 1 is the one that tests meddle with.
 *
 * <p>Argument: {@code start} (rank 1 stays before {@code init}), {@code published} (rank 1 stays
 * when the others know its address), {@code collective} (all reduce without end), {@code between}
 * (rank 1 stays between two steps), or {@code mismatch} (rank 1 calls another count).
 */
public final class CollectiveProgram {
    private static final long AS_GOOD_AS_FOR_EVER_MILLIS = 600_000;

    private CollectiveProgram() {}

    /** Runs the rank. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        String where = arguments[0];
        boolean isOdd = "1".equals(System.getenv("JHOROVOD_RANK"));
        if (where.equals("start") && isOdd) {
            stay("start");
        }
        if (where.equals("published") && isOdd) {
            publishAndStay();
        }
        Communicator communicator = JHorovod.init().planned();
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

    /** Is as far as a rank that stops when the others know its address. */
    private static void publishAndStay() throws IOException, InterruptedException {
        Configuration configuration = Configuration.fromProcess();
        try (TcpStore store = RankProgram.connect(configuration, 1);
                ServerSocket deaf = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
            String address = deaf.getLocalPort() + " 127.0.0.1 OPEN 1 here";
            store.set(
                    Keys.meeting(0, 0, 1, "address"),
                    address.getBytes(StandardCharsets.UTF_8),
                    Duration.ofSeconds(5));
            stay("published");
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
