package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import java.util.List;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;
import org.jhorovod.djl.local.OuterOptimizer;
import org.jhorovod.djl.local.SiteChoice;

/** Cases about sites that train by themselves. */
final class LocalCases {
    private LocalCases() {}

    /**
     * Local steps, fragments, steps in lock-step, outer optimizer, codec, sites. In place of local
     * steps {@code budget:SHARE}, or {@code budget:SHARE/LINES} of a {@link LineScript}.
     */
    static DistributedConfig.Builder configure(
            DistributedConfig.Builder config, List<String> words) {
        if (words.get(0).startsWith("budget:")) {
            String[] parts = words.get(0).substring("budget:".length()).split("/", -1);
            if (parts.length > 1) {
                config.conditions(new LineScript(parts[1]));
            }
            return config.optCommunicationBudget(Double.parseDouble(parts[0]))
                    .optLockSteps(Integer.parseInt(words.get(2)))
                    .optOuterOptimizer(OuterOptimizer.parse(words.get(3)))
                    .optSites(SiteChoice.parse(words.get(5)));
        }
        return config.optLocalSteps(Integer.parseInt(words.get(0)))
                .optFragments(Integer.parseInt(words.get(1)))
                .optLockSteps(Integer.parseInt(words.get(2)))
                .optOuterOptimizer(OuterOptimizer.parse(words.get(3)))
                .optCodec(Codecs.parse(words.get(4)))
                .optSites(SiteChoice.parse(words.get(5)));
    }

    /**
     * Trains, and gives the model and the loss on its first samples.
     *
     * <p>Arguments: model, optimizer, samples, samples of all ranks per step, epochs, local steps,
     * fragments, steps in lock-step, outer optimizer, codec, sites.
     */
    static final class Train implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(2));
            int batchSize = Integer.parseInt(arguments.get(3)) / communicator.size();
            Engine.getInstance().setRandomSeed(17);
            DistributedConfig config =
                    configure(
                                    DistributedConfig.builder().optSeed(5).optCheckSteps(1),
                                    arguments.subList(5, 11))
                            .build();
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = Model.newInstance("case")) {
                model.setBlock(TestModels.block(arguments.get(0)));
                ArrayDataset data = TestModels.data(manager, samples, batchSize, false, false);
                DefaultTrainingConfig training =
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optOptimizer(TestModels.optimizer(arguments.get(1)));
                double loss;
                try (DistributedTrainer trainer =
                        DistributedTrainer.create(model, training, config)) {
                    trainer.initialize(TestModels.IMAGE);
                    EasyTrain.fit(trainer, Integer.parseInt(arguments.get(4)), data, null);
                    Batch all = data.getData(manager).iterator().next();
                    loss =
                            trainer.getLoss()
                                    .evaluate(all.getLabels(), trainer.evaluate(all.getData()))
                                    .getFloat();
                }
                return Parameters.encode(model.getBlock()) + "\n" + loss;
            }
        }
    }
}
