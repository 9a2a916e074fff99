package org.jhorovod.nccl;

import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Sums in rounds, and synchronises after each as a step does. Argument: how many rounds. Returns
 * how many were told to be whole, and the exception that ended them, if one did.
 */
final class SynchronizeCase implements RankCase {

    @Override
    public String run(Communicator communicator, List<String> arguments) {
        try (DeviceBuffer buffer = DeviceBuffer.allocate(0, 64)) {
            int whole = 0;
            while (whole < Integer.parseInt(arguments.get(0))) {
                try {
                    communicator.allReduce(
                            "gradient", buffer.tensor(DataType.FLOAT32, 16), ReduceOp.SUM);
                } catch (CollectiveException e) {
                    return "the call failed after " + whole;
                }
                try {
                    communicator.synchronize();
                    communicator.check();
                } catch (CollectiveException e) {
                    return "%d whole, then %s".formatted(whole, e.getClass().getSimpleName());
                }
                whole++;
            }
            return whole + " whole";
        }
    }
}
