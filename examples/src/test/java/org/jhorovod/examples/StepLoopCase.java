package org.jhorovod.examples;

import ai.djl.Device;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;
import org.jhorovod.djl.ParameterDigest;

/**
 * Trains a model of train-perf; gives the digest of its parameters.
 *
 * <p>Arguments: model, images a step of each rank, steps, when gradients are reduced.
 */
public final class StepLoopCase implements RankCase {
    @Override
    public String run(Communicator communicator, List<String> arguments) {
        PerfModel model = PerfModel.valueOf(arguments.get(0));
        int batch = Integer.parseInt(arguments.get(1));
        int steps = Integer.parseInt(arguments.get(2));
        System.setProperty("jhorovod.reduce", arguments.get(3));
        try (SyntheticImages data =
                        new SyntheticImages(model, batch, communicator.size(), Device.cpu());
                StepLoop loop = StepLoop.open(model, SyncMode.ON, communicator, data)) {
            loop.run(steps);
            return ParameterDigest.sha256(loop.block());
        } finally {
            System.clearProperty("jhorovod.reduce");
        }
    }
}
