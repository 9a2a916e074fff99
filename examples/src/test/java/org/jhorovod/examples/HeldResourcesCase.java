package org.jhorovod.examples;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Trains a model of train-perf in parts of as many steps; gives what this process holds after each,
 * a line a part.
 *
 * <p>Arguments: model, mode, when gradients are reduced, steps a part, parts.
 */
public final class HeldResourcesCase implements RankCase {
    private static final int BATCH = 2; // it is the steps that count

    @Override
    public String run(Communicator communicator, List<String> arguments) {
        PerfModel model = PerfModel.valueOf(arguments.get(0));
        SyncMode mode = SyncMode.valueOf(arguments.get(1));
        System.setProperty("jhorovod.reduce", arguments.get(2));
        int steps = Integer.parseInt(arguments.get(3));
        int parts = Integer.parseInt(arguments.get(4));
        List<String> held = new ArrayList<>();
        try (SyntheticImages data =
                        new SyntheticImages(model, BATCH, communicator.size(), Device.cpu());
                StepLoop loop = StepLoop.open(model, mode, communicator, data)) {
            for (int part = 0; part < parts; part++) {
                loop.run(steps);
                held.add(HeldResources.now(loop.block()).encode());
            }
            return String.join("\n", held);
        } finally {
            System.clearProperty("jhorovod.reduce");
        }
    }
}
