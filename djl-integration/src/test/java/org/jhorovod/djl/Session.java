package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import java.util.function.Consumer;

/** A model with its trainer, as most cases need one. */
final class Session implements AutoCloseable {
    final NDManager manager = NDManager.newBaseManager();
    final Model model;
    final DistributedTrainer trainer;

    private Session(Block block, DefaultTrainingConfig config, DistributedConfig distributed) {
        model = Model.newInstance("case");
        model.setBlock(block);
        trainer = DistributedTrainer.create(model, config, distributed);
    }

    /** A classifier that is initialised, with different random numbers on each rank before. */
    static Session open(String block, String optimizer) {
        return open(TestModels.block(block), TestModels.IMAGE, optimizer, config -> {});
    }

    static Session open(
            Block block, Shape input, String optimizer, Consumer<DefaultTrainingConfig> more) {
        return open(block, input, optimizer, more, distributed -> {});
    }

    static Session open(
            Block block,
            Shape input,
            String optimizer,
            Consumer<DefaultTrainingConfig> more,
            Consumer<DistributedConfig.Builder> moreDistributed) {
        DistributedConfig.Builder builder = DistributedConfig.builder().optSeed(3);
        moreDistributed.accept(builder);
        DistributedConfig distributed = builder.build();
        Engine.getInstance().setRandomSeed(17 + distributed.communicator().rank());
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(TestModels.optimizer(optimizer));
        more.accept(config);
        Session session = new Session(block, config, distributed);
        try {
            session.trainer.initialize(input);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** Forward and backward of one batch. */
    void backward(Batch batch) {
        try (GradientCollector collector = trainer.newGradientCollector()) {
            NDList predictions = trainer.forward(batch.getData());
            NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
            collector.backward(loss);
        }
    }

    String digest() {
        return ParameterDigest.sha256(model.getBlock());
    }

    @Override
    public void close() {
        trainer.close();
        model.close();
        manager.close();
    }
}
