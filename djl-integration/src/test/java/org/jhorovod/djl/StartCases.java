package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about a trainer's start, its guards and its end. */
final class StartCases {
    private StartCases() {}

    /** Initialises models that differ; arguments: what differs. */
    static final class DifferentModels implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            boolean differs = communicator.rank() == communicator.size() - 1;
            int units = arguments.get(0).equals("shape") && differs ? 7 : 5;
            SequentialBlock block =
                    new SequentialBlock()
                            .add(Blocks.batchFlattenBlock())
                            .add(Linear.builder().setUnits(units).build());
            if (arguments.get(0).equals("count") && differs) {
                block.add(Linear.builder().setUnits(5).build());
            }
            if (arguments.get(0).equals("frozen") && differs) {
                block.freezeParameters(true);
            }
            try (Session session = Session.open(block, TestModels.IMAGE, "sgd", config -> {})) {
                return session.digest();
            }
        }
    }

    /** Changes a parameter on the last rank alone, and goes on training. */
    static final class GoneAstray implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            DistributedConfig distributed = DistributedConfig.builder().optCheckSteps(4).build();
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = Model.newInstance("case")) {
                model.setBlock(TestModels.block("tanh-mlp"));
                DefaultTrainingConfig config =
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optOptimizer(TestModels.optimizer("sgd"));
                try (Trainer trainer = DistributedTrainer.create(model, config, distributed)) {
                    trainer.initialize(TestModels.IMAGE);
                    ArrayDataset data = TestModels.data(manager, 300, 10, false, false);
                    int steps = 0;
                    for (Batch batch : trainer.iterateDataset(data)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        batch.close();
                        if (++steps == 5 && communicator.rank() == communicator.size() - 1) {
                            NDArray bias = NamedParameter.of(model.getBlock()).get(3).array();
                            TensorMemory.overwrite(bias, bytes -> bytes.putFloat(0, 1f));
                        }
                    }
                    return steps + " steps";
                }
            }
        }
    }

    /** Gives a dropout mask after initialisation with the user's own seed on all ranks. */
    static final class DropoutMask implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            Engine.getInstance().setRandomSeed(42);
            try (Model model = Model.newInstance("case");
                    NDManager manager = NDManager.newBaseManager()) {
                model.setBlock(
                        new SequentialBlock()
                                .add(Linear.builder().setUnits(40).build())
                                .add(Dropout.builder().optRate(0.5f).build()));
                DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss());
                try (Trainer trainer = DistributedTrainer.create(model, config)) {
                    trainer.initialize(new Shape(1, 4));
                    NDList out = trainer.forward(new NDList(manager.ones(new Shape(1, 4))));
                    boolean[] mask = out.head().neq(0).toBooleanArray();
                    return Arrays.toString(mask);
                }
            }
        }
    }

    /** Trains with listeners that log and save; gives the digest. Arguments: folder. */
    static final class Saving implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int[] saves = new int[1];
            String digest;
            try (Session session =
                    Session.open(
                            TestModels.block("dropout"),
                            TestModels.IMAGE,
                            "adam",
                            config -> {
                                SaveModelTrainingListener saving =
                                        new SaveModelTrainingListener(arguments.get(0), "saved", 1);
                                saving.setSaveModelCallback(trainer -> saves[0]++);
                                config.addTrainingListeners(saving);
                                config.addTrainingListeners(
                                        TrainingListener.Defaults.logging(arguments.get(0)));
                            })) {
                ArrayDataset data = TestModels.data(session.manager, 100, 10, true, false);
                EasyTrain.fit(session.trainer, 2, data, data);
                digest = session.digest();
            }
            return saves[0] + " " + digest;
        }
    }

    /** Loads a saved model and gives its digest; arguments: folder. */
    static final class Loading implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Model model = Model.newInstance("saved")) {
                model.setBlock(TestModels.block("dropout"));
                model.load(Path.of(arguments.get(0)), "saved");
                return ParameterDigest.sha256(model.getBlock());
            }
        }
    }

    /** Creates two trainers one after another without initialize(); gives digests. */
    static final class Lazily implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            StringBuilder digests = new StringBuilder();
            for (int round = 0; round < 2; round++) {
                Engine.getInstance().setRandomSeed(communicator.rank());
                try (NDManager manager = NDManager.newBaseManager();
                        Model model = Model.newInstance("case")) {
                    model.setBlock(TestModels.block("tanh-mlp"));
                    DefaultTrainingConfig config =
                            new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss());
                    try (DistributedTrainer trainer = DistributedTrainer.create(model, config)) {
                        ArrayDataset data = TestModels.data(manager, 40, 10, false, false);
                        for (Batch batch : trainer.iterateDataset(data)) {
                            EasyTrain.trainBatch(trainer, batch);
                            trainer.step();
                            batch.close();
                        }
                        digests.append(ParameterDigest.sha256(model.getBlock()))
                                .append(' ')
                                .append(trainer.communicator() == communicator);
                    }
                }
            }
            return digests.toString();
        }
    }
}
