package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/** Submits collectives that hang, and closes; returns how often the communicator was aborted. */
final class StuckCase implements RankCase {
    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(8);

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        DeviceBuffer buffer = DeviceBuffer.allocate(0, 64);
        for (int i = 0; i < 6; i++) {
            communicator.allReduce("stuck", buffer.tensor(DataType.FLOAT32, 16), ReduceOp.SUM);
        }
        long start = System.nanoTime();
        communicator.close();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LONGEST_CLOSE);
        return DoubleControl.ofThisProcess().count("aborts") + " aborts";
    }
}
