package org.jhorovod.allreduce;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A rank for {@link MpirunTest}. Sums, says where it stands, and ends as its first argument asks:
 * {@code return}, {@code exit} with code 3, or {@code die} on the last rank with code 9, in the
 * midst of collectives.
 */
public final class MpirunProgram {
    private static final int LARGE = 10_000_000;

    private MpirunProgram() {}

    public static void main(String[] arguments) {
        Communicator c = JHorovod.init().planned();
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 1);
        ByteBuffer element = tensor.buffers().get(0);
        element.putInt(0, c.rank() + 1);
        c.allReduce("sum", tensor, ReduceOp.SUM);
        // In one write: mpirun mixes what comes in several.
        System.out.println(
                "rank %d of %d, local %d of %d, cross %d of %d, %s, sum %d"
                        .formatted(
                                c.rank(),
                                c.size(),
                                c.topology().localRank(),
                                c.topology().localSize(),
                                c.topology().crossRank(),
                                c.topology().crossSize(),
                                c.transportName(),
                                element.getInt(0)));
        switch (arguments[0]) {
            case "exit" -> System.exit(3);
            case "die" -> reduceUntilDeath(c);
            default -> {}
        }
    }

    private static void reduceUntilDeath(Communicator c) {
        HostTensor large = HostTensor.allocate(DataType.FLOAT32, LARGE);
        try {
            for (int i = 0; i < 20; i++) {
                CompletableFuture<Void> running =
                        c.allReduceAsync("large " + i, large, ReduceOp.SUM);
                if (i == 10 && c.rank() == c.size() - 1) {
                    Runtime.getRuntime().halt(9);
                }
                c.await(running);
            }
        } catch (PeerLostException e) {
            System.out.println("lost rank " + e.lostRank());
            System.exit(3);
        }
    }
}
