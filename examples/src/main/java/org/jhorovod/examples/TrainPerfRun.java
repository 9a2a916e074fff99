package org.jhorovod.examples;

import com.google.common.collect.Collections2;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.djl.ParameterDigest;

/*
 * A round has a block of steps of each mode, so that what else the machine does meets all modes
 * alike; each round takes the modes in another order. All ranks make the same blocks in the same
 * order, and meet before each.
 */
/** Measures the steps of each mode; all ranks call the same at the same time. */
final class TrainPerfRun implements AutoCloseable {
    private final NamedCommunicator named;
    private final Communicator communicator;
    private final InProcessCluster alone; // the world of SyncMode.OFF
    private final List<StepLoop> loops = new ArrayList<>();
    private final List<double[]> residentMib = new ArrayList<>(); // of each rank, by round

    /**
     * Makes a model for each mode, with the same parameters on all ranks.
     *
     * @param data lent, and of images of this model for as many ranks
     */
    TrainPerfRun(
            NamedCommunicator named, PerfModel model, SyntheticImages data, List<SyncMode> modes) {
        this.named = named;
        this.communicator = named.planned();
        this.alone = InProcessCluster.start(1);
        for (SyncMode mode : modes) {
            Communicator world = alone.communicators().get(0);
            loops.add(StepLoop.open(model, mode, world, data));
        }
    }

    /** How many elements of each model are trained. */
    long parameterCount() {
        return PerfModel.parameterCount(loops.get(0).block());
    }

    /** Makes rounds that are not timed, at least one, until the JVM has compiled what runs. */
    void warmUp(int seconds, int steps) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        double[] left = {1};
        while (left[0] > 0) {
            loops.forEach(loop -> block(loop, steps));
            left = RankValues.largest(communicator, new double[] {end - System.nanoTime()});
        }
    }

    /** How long the steps of each mode take on their slowest ranks. */
    List<StepTimes> measure(int blocks, int steps) {
        List<List<StepLoop>> orders = List.copyOf(Collections2.permutations(loops));
        Map<SyncMode, List<double[]>> timed = new EnumMap<>(SyncMode.class);
        Map<SyncMode, Long> controlBytes = new EnumMap<>(SyncMode.class);
        for (int round = 0; round < blocks; round++) {
            for (StepLoop loop : orders.get(round % orders.size())) {
                ControlTraffic before = named.controlTraffic();
                timed.computeIfAbsent(loop.mode(), mode -> new ArrayList<>())
                        .add(block(loop, steps));
                controlBytes.merge(
                        loop.mode(), named.controlTraffic().since(before).bytes(), Long::sum);
            }
            residentMib.add(RankValues.ofEach(communicator, ProcessMemory.read().residentMib()));
        }
        return loops.stream()
                .map(
                        loop ->
                                times(
                                        loop,
                                        timed.getOrDefault(loop.mode(), List.of()),
                                        controlBytes.getOrDefault(loop.mode(), 0L)))
                .toList();
    }

    /** How much memory the ranks had in the rounds that were measured. */
    TrainPerfMemory memory() {
        return new TrainPerfMemory(
                Runtime.getRuntime().maxMemory() / (double) (1 << 20),
                RankValues.ofEach(communicator, ProcessMemory.read().peakMib()),
                residentMib);
    }

    private double[] block(StepLoop loop, int steps) {
        if (loop.mode() == SyncMode.TRACED) {
            try (Tracing tracing = Tracing.start(communicator.rank())) {
                return untraced(loop, steps);
            }
        }
        return untraced(loop, steps);
    }

    private double[] untraced(StepLoop loop, int steps) {
        communicator.barrier("block");
        return RankValues.largest(communicator, loop.run(steps));
    }

    private StepTimes times(StepLoop loop, List<double[]> blocks, long controlBytes) {
        double waitingShare = RankValues.mean(communicator, loop.waitingShare());
        int steps = blocks.stream().mapToInt(block -> block.length).sum();
        double aStep = RankValues.mean(communicator, (double) controlBytes / steps);
        return new StepTimes(loop.mode(), blocks, waitingShare, aStep);
    }

    /**
     * The first rank whose model has other parameters than rank 0's though they were averaged;
     * empty as well where none are.
     */
    OptionalInt firstUnlikeRank0() {
        for (StepLoop loop : loops) {
            if (loop.mode().averages()) {
                String digest = ParameterDigest.sha256(loop.block());
                OptionalInt unlike = RankValues.firstUnlikeRank0(communicator, digest);
                if (unlike.isPresent()) {
                    return unlike;
                }
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public void close() {
        loops.forEach(StepLoop::close);
        alone.close();
    }
}
