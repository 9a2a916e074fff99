package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/** The ranks of a communicator as carriers; waits as long as its collectives do. */
public final class CommunicatorExchange implements Exchange {
    private final Communicator communicator;
    private final String name;

    /** Under a name that is the same on all ranks. */
    public CommunicatorExchange(Communicator communicator, String name) {
        this.communicator = communicator;
        this.name = name;
    }

    @Override
    public int size() {
        return communicator.size();
    }

    @Override
    public int position() {
        return communicator.rank();
    }

    @Override
    public void allGather(ByteBuffer own, ByteBuffer all) {
        communicator.allGather(
                name, HostTensor.of(DataType.INT8, own), HostTensor.of(DataType.INT8, all));
    }

    @Override
    public void allReduce(ByteBuffer sum) {
        communicator.allReduce(name, HostTensor.of(DataType.FLOAT32, sum), ReduceOp.SUM);
    }
}
