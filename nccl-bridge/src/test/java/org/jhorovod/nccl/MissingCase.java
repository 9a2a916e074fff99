package org.jhorovod.nccl;

import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/** Asks for a sum on a device that some ranks have no backend for; returns what it is told. */
final class MissingCase implements RankCase {
    private static final long UNUSED_ADDRESS = 4096;

    @Override
    public String run(Communicator communicator, List<String> arguments) {
        DeviceTensor tensor = new DeviceTensor(DataType.FLOAT32, 4, 0, UNUSED_ADDRESS, 0);
        try {
            communicator.allReduce("gradient", tensor, ReduceOp.SUM);
            return "nothing failed";
        } catch (CollectiveException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
