package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.ParameterDigest;

/*
 * A round has a block of steps of each mode, so that what else the machine does meets all modes
 * alike; from round to round another mode is first. All ranks make the same blocks in the same
 * order, and meet before each. The first round warms up.
 */
/** Measures the steps of each mode; all ranks call the same at the same time. */
final class TrainPerfRun implements AutoCloseable {
    private static final int DATA_SEED = 100; // plus the rank

    private final Communicator communicator;
    private final InProcessCluster alone; // the world of SyncMode.OFF
    private final SyntheticImages data;
    private final List<StepLoop> loops = new ArrayList<>();

    /** Makes the data, and a model for each mode, with the same parameters on all ranks. */
    TrainPerfRun(Communicator communicator, PerfModel model, int batch, List<SyncMode> modes) {
        this.communicator = communicator;
        this.alone = InProcessCluster.start(1);
        this.data = new SyntheticImages(model, batch, DATA_SEED + communicator.rank());
        for (SyncMode mode : modes) {
            Communicator world = alone.communicators().get(0);
            loops.add(StepLoop.open(model, mode, world, data));
        }
    }

    /** How many elements of each model are trained. */
    long parameterCount() {
        return PerfModel.parameterCount(loops.get(0).block());
    }

    /** How long the steps of each mode take on their slowest ranks. */
    List<StepTimes> measure(int blocks, int steps) {
        Map<SyncMode, List<double[]>> timed = new EnumMap<>(SyncMode.class);
        for (int round = 0; round <= blocks; round++) {
            for (StepLoop loop : rotated(loops, round)) {
                double[] block = block(loop, steps);
                if (round > 0) {
                    timed.computeIfAbsent(loop.mode(), mode -> new ArrayList<>()).add(block);
                }
            }
        }
        return loops.stream()
                .map(loop -> times(loop, timed.getOrDefault(loop.mode(), List.of())))
                .toList();
    }

    private double[] block(StepLoop loop, int steps) {
        communicator.barrier("block");
        return RankValues.largest(communicator, loop.run(steps));
    }

    private StepTimes times(StepLoop loop, List<double[]> blocks) {
        double waitingShare = RankValues.mean(communicator, loop.waitingShare());
        return new StepTimes(loop.mode(), blocks, waitingShare);
    }

    /** All in turn, from another one on in each round. */
    static <T> List<T> rotated(List<T> all, int round) {
        int first = round % all.size();
        List<T> rotated = new ArrayList<>(all.subList(first, all.size()));
        rotated.addAll(all.subList(0, first));
        return rotated;
    }

    /**
     * The first rank whose model has other parameters than rank 0's though they were averaged;
     * empty as well where none are.
     */
    OptionalInt firstUnlikeRank0() {
        for (StepLoop loop : loops) {
            if (loop.mode() == SyncMode.ON) {
                String digest = ParameterDigest.sha256(loop.block());
                return RankValues.firstUnlikeRank0(communicator, digest);
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public void close() {
        loops.forEach(StepLoop::close);
        data.close();
        alone.close();
    }
}
