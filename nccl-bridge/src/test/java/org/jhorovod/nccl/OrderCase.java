package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Writes a tensor, sums it and reads it, without a wait between, while the double's copies and sums
 * take their time. Arguments: how often, microseconds of a copy, of a sum, of a launch. Returns how
 * many runs came out wrong, and how often the host waited in a collective.
 */
final class OrderCase implements RankCase {
    private static final int COUNT = 1000;

    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        DoubleControl control = DoubleControl.ofThisProcess();
        meet(communicator);
        control.set("SNAPSHOT", 1);
        control.set("COPY_DELAY_MICROS", Long.parseLong(arguments.get(1)));
        control.set("REDUCTION_DELAY_MICROS", Long.parseLong(arguments.get(2)));
        control.set("LAUNCH_DELAY_MICROS", Long.parseLong(arguments.get(3)));
        int wrong = 0;
        int waits = 0;
        try (DeviceBuffer buffer = DeviceBuffer.allocate(0, COUNT * Float.BYTES)) {
            for (int i = 0; i < Integer.parseInt(arguments.get(0)); i++) {
                double[] own = Elements.of(DataType.FLOAT32, communicator.rank(), COUNT, i);
                buffer.write(Elements.encode(DataType.FLOAT32, own));
                int before = control.count("host waits");
                communicator.allReduce("w", buffer.tensor(DataType.FLOAT32, COUNT), ReduceOp.SUM);
                waits += control.count("host waits") - before;
                ByteBuffer bytes = ByteBuffer.allocateDirect(COUNT * Float.BYTES);
                buffer.read(bytes);
                double[] expected =
                        Elements.reduced(
                                DataType.FLOAT32, ReduceOp.SUM, communicator.size(), COUNT, i);
                if (!Arrays.equals(Elements.decode(DataType.FLOAT32, bytes), expected)) {
                    wrong++;
                }
                // Nobody begins the next run while another's sum is still under way.
                communicator.barrier("next");
            }
        }
        return wrong + " wrong, " + waits + " waits";
    }

    /** The first collective meets the other ranks, which takes longer than any delay here. */
    private static void meet(Communicator communicator) {
        try (DeviceBuffer buffer = DeviceBuffer.allocate(0, 1)) {
            communicator.allReduce("first", buffer.tensor(DataType.INT8, 1), ReduceOp.SUM);
            buffer.read(ByteBuffer.allocateDirect(1));
        }
    }
}
