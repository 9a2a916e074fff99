package org.jhorovod.examples;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalInt;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/** What all ranks have measured. Each call is a collective, and blocks for the slowest rank. */
final class RankValues {

    private RankValues() {}

    /** The largest over all ranks of each value. */
    static double[] largest(Communicator communicator, double... mine) {
        return reduce(communicator, ReduceOp.MAX, mine);
    }

    /** The mean over all ranks. */
    static double mean(Communicator communicator, double mine) {
        return reduce(communicator, ReduceOp.AVERAGE, mine)[0];
    }

    /** The value of each rank, in rank order. */
    static double[] ofEach(Communicator communicator, double mine) {
        HostTensor input = HostTensor.allocate(DataType.FLOAT64, 1);
        input.buffers().get(0).asDoubleBuffer().put(0, mine);
        HostTensor output = HostTensor.allocate(DataType.FLOAT64, communicator.size());
        communicator.allGather("measured-by-each", input, output);
        double[] all = new double[communicator.size()];
        output.buffers().get(0).asDoubleBuffer().get(0, all);
        return all;
    }

    /** The sum over all ranks. */
    static long sum(Communicator communicator, long mine) {
        HostTensor sum = HostTensor.allocate(DataType.INT64, 1);
        LongBuffer value = sum.buffers().get(0).asLongBuffer().put(0, mine);
        communicator.allReduce("sum", sum, ReduceOp.SUM);
        return value.get(0);
    }

    /** On how many hosts the ranks run. */
    static int hosts(Communicator communicator) {
        return (int) sum(communicator, communicator.topology().localRank() == 0 ? 1 : 0);
    }

    private static double[] reduce(Communicator communicator, ReduceOp op, double... mine) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT64, mine.length);
        DoubleBuffer values = tensor.buffers().get(0).asDoubleBuffer().put(0, mine);
        communicator.allReduce("measured", tensor, op);
        double[] reduced = new double[mine.length];
        values.get(0, reduced);
        return reduced;
    }

    /**
     * The first rank whose digest is not rank 0's, if there is one.
     *
     * @param digest in hexadecimal, as long on all ranks
     */
    static OptionalInt firstUnlikeRank0(Communicator communicator, String digest) {
        byte[] mine = HexFormat.of().parseHex(digest);
        HostTensor input = HostTensor.allocate(DataType.UINT8, mine.length);
        input.buffers().get(0).put(0, mine);
        HostTensor output =
                HostTensor.allocate(DataType.UINT8, (long) mine.length * communicator.size());
        communicator.allGather("digests", input, output);
        ByteBuffer all = output.buffers().get(0);
        byte[] first = new byte[mine.length];
        byte[] other = new byte[mine.length];
        all.get(0, first);
        for (int rank = 1; rank < communicator.size(); rank++) {
            all.get(rank * mine.length, other);
            if (!Arrays.equals(first, other)) {
                return OptionalInt.of(rank);
            }
        }
        return OptionalInt.empty();
    }
}
