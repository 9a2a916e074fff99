package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Sums until something fails, reading each sum as a program would. Arguments: the rank that kills
 * itself after five sums, or -1. Returns the exception, the rank that it says is lost, how long the
 * last two rounds took, in milliseconds (the one before may have hung in reading), and how often
 * the double was told to abort by the time that the communicator is closed.
 */
final class FailingCase implements RankCase {
    private static final int ROUNDS = 1000;
    private static final int LAST_ROUND_OF_THE_DEAD = 5;

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        boolean dies = communicator.rank() == Integer.parseInt(arguments.get(0));
        DataType type = DataType.FLOAT32;
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * type.byteCount());
        try (DeviceBuffer buffer = DeviceBuffer.allocate(0, bytes.capacity())) {
            long start = System.nanoTime();
            for (int round = 0; round < ROUNDS; round++) {
                long previousStart = start;
                start = System.nanoTime();
                try {
                    if (dies && round == LAST_ROUND_OF_THE_DEAD) {
                        killThisProcess();
                    }
                    communicator.allReduce("gradient", buffer.tensor(type, 4), ReduceOp.SUM);
                    // Hangs behind a stuck collective until the abort.
                    buffer.read(bytes.clear());
                } catch (CollectiveException e) {
                    int lost = e instanceof PeerLostException p ? p.lostRank() : -1;
                    long millis = (System.nanoTime() - previousStart) / 1_000_000;
                    communicator.close();
                    return "%s|%d|%d|%d|%s"
                            .formatted(
                                    e.getClass().getSimpleName(),
                                    lost,
                                    millis,
                                    DoubleControl.ofThisProcess().count("aborts"),
                                    e.getMessage());
                }
            }
        }
        return "nothing failed";
    }

    private static void killThisProcess() throws Exception {
        String pid = Long.toString(ProcessHandle.current().pid());
        new ProcessBuilder("kill", "-9", pid).start().waitFor();
    }
}
