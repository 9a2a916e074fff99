package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/** All ranks of a job as carriers, and the bytes that each sends if these go around a ring. */
final class CommunicatorExchange implements Exchange {
    private final Communicator communicator;
    private double bytesSent;

    CommunicatorExchange(Communicator communicator) {
        this.communicator = communicator;
    }

    double bytesSent() {
        return bytesSent;
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
        bytesSent += (double) all.remaining() - own.remaining();
        communicator.allGather(
                "encodings",
                HostTensor.of(DataType.UINT8, own),
                HostTensor.of(DataType.UINT8, all));
    }

    @Override
    public void allReduce(ByteBuffer sum) {
        // Of C chunks, each goes to the C-1 others twice.
        double chunks = size();
        bytesSent += 2 * (chunks - 1) * (sum.remaining() / chunks);
        communicator.allReduce("sums", HostTensor.of(DataType.FLOAT32, sum), ReduceOp.SUM);
    }
}
