package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases whose model is of FLOAT16. */
final class HalfCases {
    /** Keeps gradients of a mean over thousands of samples away from the smallest numbers. */
    private static final float LOSS_SCALE = 1024;

    private HalfCases() {}

    /**
     * The gradients of one step; arguments: samples. They are so large that their product with the
     * samples of a rank would be infinite.
     */
    static final class Gradients implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(0));
            RecordingOptimizer recording = new RecordingOptimizer();
            List<float[]> gradients = new ArrayList<>();
            int batchSize = (samples + communicator.size() - 1) / communicator.size();
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = train(manager, samples, batchSize, recording, LOSS_SCALE)) {
                for (NamedParameter parameter : NamedParameter.of(model.getBlock())) {
                    gradients.add(recording.of(parameter.parameter().getId()));
                }
            }
            return Parameters.encode(gradients);
        }
    }

    /** The model after one epoch; arguments: samples, samples of all ranks per step. */
    static final class Training implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int samples = Integer.parseInt(arguments.get(0));
            int batchSize = Integer.parseInt(arguments.get(1)) / communicator.size();
            List<float[]> elements = new ArrayList<>();
            try (NDManager manager = NDManager.newBaseManager();
                    Model model =
                            train(manager, samples, batchSize, TestModels.optimizer("sgd"), 1)) {
                for (NamedParameter parameter : NamedParameter.of(model.getBlock())) {
                    try (NDArray wide = parameter.array().toType(DataType.FLOAT32, true)) {
                        elements.add(wide.toFloatArray());
                    }
                }
            }
            return Parameters.encode(elements);
        }
    }

    private static Model train(
            NDManager manager, int samples, int batchSize, Optimizer optimizer, float lossScale)
            throws Exception {
        Model model = Model.newInstance("half");
        model.setDataType(DataType.FLOAT16);
        model.setBlock(TestModels.block("tanh-mlp"));
        DistributedConfig distributed = DistributedConfig.builder().optSeed(3).build();
        Engine.getInstance().setRandomSeed(17 + distributed.communicator().rank());
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss()).optOptimizer(optimizer);
        ArrayDataset data = TestModels.data(manager, samples, batchSize, false, false);
        try (Trainer trainer = DistributedTrainer.create(model, config, distributed)) {
            trainer.initialize(TestModels.IMAGE);
            for (Batch batch : trainer.iterateDataset(data)) {
                try (batch;
                        GradientCollector collector = trainer.newGradientCollector()) {
                    NDArray images = batch.getData().head().toType(DataType.FLOAT16, true);
                    images.attach(batch.getManager());
                    NDList predictions = trainer.forward(new NDList(images));
                    NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
                    collector.backward(loss.mul(lossScale));
                }
                trainer.step();
            }
        }
        return model;
    }
}
