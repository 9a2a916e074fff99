package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/** Every collective with every type, on the device, against what it must be. */
final class CollectiveTable implements RankCase {
    private static final long BYTES = 8L << 20;

    @Override
    public String run(Communicator communicator, List<String> counts) throws Exception {
        try (DeviceBuffer buffer = DeviceBuffer.allocate(0, BYTES);
                DeviceBuffer gathered = DeviceBuffer.allocate(0, BYTES * communicator.size())) {
            int done = 0;
            for (String count : counts) {
                for (DataType type : DataType.values()) {
                    int elements = Integer.parseInt(count);
                    done += allReduce(communicator, buffer, type, elements);
                    done += broadcast(communicator, buffer, type, elements);
                    done += allGather(communicator, buffer, gathered, type, elements);
                }
            }
            return done + " of " + communicator.transportName();
        }
    }

    private static int allReduce(
            Communicator communicator, DeviceBuffer buffer, DataType type, int count) {
        int done = 0;
        for (ReduceOp op : ReduceOp.values()) {
            if (!type.supports(op) || !op.isElementWise()) {
                continue;
            }
            int salt = op.ordinal() + count;
            buffer.write(
                    Elements.encode(type, Elements.of(type, communicator.rank(), count, salt)));
            communicator.allReduce("w", buffer.tensor(type, count), op);
            requireEqual(
                    read(buffer, type, count),
                    0,
                    Elements.reduced(type, op, communicator.size(), count, salt),
                    Elements.tolerance(type, op),
                    op + " of " + type + "[" + count + "]");
            done++;
        }
        return type.isFloatingPoint() ? done + prescaled(communicator, buffer, type, count) : done;
    }

    /** Halves of the small numbers, and the sums of these, are exact in each type. */
    private static int prescaled(
            Communicator communicator, DeviceBuffer buffer, DataType type, int count) {
        buffer.write(Elements.encode(type, Elements.of(type, communicator.rank(), count, count)));
        communicator.allReduce("p", buffer.tensor(type, count), ReduceOp.SUM.prescaledBy(0.5));
        double[] sums = Elements.reduced(type, ReduceOp.SUM, communicator.size(), count, count);
        requireEqual(
                read(buffer, type, count),
                0,
                Arrays.stream(sums).map(sum -> sum / 2).toArray(),
                0,
                "prescaled SUM of " + type + "[" + count + "]");
        return 1;
    }

    private static int broadcast(
            Communicator communicator, DeviceBuffer buffer, DataType type, int count) {
        int root = count % communicator.size();
        buffer.write(Elements.encode(type, Elements.of(type, communicator.rank(), count, 1)));
        communicator.broadcast("b", buffer.tensor(type, count), root);
        requireEqual(
                read(buffer, type, count),
                0,
                Elements.of(type, root, count, 1),
                0,
                "broadcast of " + type + "[" + count + "] from " + root);
        return 1;
    }

    private static int allGather(
            Communicator communicator,
            DeviceBuffer buffer,
            DeviceBuffer gathered,
            DataType type,
            int count) {
        int size = communicator.size();
        DeviceTensor output = gathered.tensor(type, (long) count * size);
        ByteBuffer own =
                Elements.encode(type, Elements.of(type, communicator.rank(), count, count));
        buffer.write(own);
        communicator.allGather("g", buffer.tensor(type, count), output);
        double[] all = read(gathered, type, count * size);
        for (int rank = 0; rank < size; rank++) {
            requireEqual(
                    all,
                    rank * count,
                    Elements.of(type, rank, count, count),
                    0,
                    "all-gather of " + type + "[" + count + "], rank " + rank);
        }
        return 1;
    }

    private static void requireEqual(
            double[] actual, int offset, double[] expected, double tolerance, String what) {
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[offset + i] - expected[i]) <= tolerance)) {
                throw new AssertionError(
                        "%s: element %d is %s, not %s"
                                .formatted(what, i, actual[offset + i], expected[i]));
            }
        }
    }

    private static double[] read(DeviceBuffer buffer, DataType type, int count) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.max(1, count * type.byteCount()));
        bytes.limit(count * type.byteCount());
        buffer.read(bytes);
        return Elements.decode(type, bytes);
    }
}
