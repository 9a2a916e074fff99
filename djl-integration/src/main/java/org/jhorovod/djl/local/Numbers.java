package org.jhorovod.djl.local;

import java.nio.LongBuffer;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** A few numbers of each rank, which all get. */
public final class Numbers {
    private Numbers() {}

    /**
     * Gathers them. Blocks for the slowest rank.
     *
     * @param name for messages, the same on all ranks
     * @param mine as many on every rank
     * @return in rank order
     */
    public static long[][] gather(Communicator communicator, String name, long... mine) {
        HostTensor input = HostTensor.allocate(DataType.INT64, mine.length);
        HostTensor output =
                HostTensor.allocate(DataType.INT64, (long) mine.length * communicator.size());
        input.buffers().get(0).asLongBuffer().put(mine);
        communicator.allGather(name, input, output);
        LongBuffer values = output.buffers().get(0).asLongBuffer();
        long[][] all = new long[communicator.size()][mine.length];
        for (long[] ofRank : all) {
            values.get(ofRank);
        }
        return all;
    }
}
