package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/**
 * Trains one epoch in the data's own order and gives the model.
 *
 * <p>Arguments: model, optimizer, "fit", "prefetch" or "loop", samples, samples of all ranks per
 * step.
 */
public final class TrainCase implements RankCase {
    @Override
    public String run(Communicator communicator, List<String> arguments) throws Exception {
        String loop = arguments.get(2);
        int samples = Integer.parseInt(arguments.get(3));
        int batchSize = Integer.parseInt(arguments.get(4)) / communicator.size();
        // Ranks differ before rank 0's parameters are broadcast.
        Engine.getInstance().setRandomSeed(17 + communicator.rank());
        try (NDManager manager = NDManager.newBaseManager();
                Model model = Model.newInstance("case")) {
            model.setBlock(TestModels.block(arguments.get(0)));
            ArrayDataset data = TestModels.data(manager, samples, batchSize, false, false);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(TestModels.optimizer(arguments.get(1)));
            if (loop.equals("prefetch")) {
                config.optExecutorService();
            }
            try (Trainer trainer = DistributedTrainer.create(model, config)) {
                trainer.initialize(TestModels.IMAGE);
                if (loop.equals("loop")) {
                    handWritten(trainer, data);
                } else {
                    EasyTrain.fit(trainer, 1, data, null);
                }
            }
            return Parameters.encode(model.getBlock());
        }
    }

    private static void handWritten(Trainer trainer, ArrayDataset data) throws Exception {
        for (Batch batch : trainer.iterateDataset(data)) {
            try (batch;
                    GradientCollector collector = trainer.newGradientCollector()) {
                NDList predictions = trainer.forward(batch.getData());
                NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
                collector.backward(loss);
            }
            trainer.step();
        }
    }
}
