package org.jhorovod.nccl;

import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/** Sums on one device, then on another; returns what the second is told. */
final class OtherDeviceCase implements RankCase {

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        try (DeviceBuffer first = DeviceBuffer.allocate(0, 4);
                DeviceBuffer second = DeviceBuffer.allocate(1, 4)) {
            communicator.allReduce("a", first.tensor(DataType.FLOAT32, 1), ReduceOp.SUM);
            communicator.allReduce("b", second.tensor(DataType.FLOAT32, 1), ReduceOp.SUM);
            return "nothing";
        } catch (MismatchException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
