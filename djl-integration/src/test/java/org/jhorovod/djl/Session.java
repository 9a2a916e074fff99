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
import org.jhorovod.allreduce.config.Settings.ReduceChoice;

/** A model with its trainer, as most cases need one. */
final class Session implements AutoCloseable {
    final NDManager manager;
    final Model model;
    final DistributedTrainer trainer;

    private final boolean isOwner;

    private Session(NDManager manager, Model model, DistributedTrainer trainer, boolean isOwner) {
        this.manager = manager;
        this.model = model;
        this.trainer = trainer;
        this.isOwner = isOwner;
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
        Model model = Model.newInstance("case");
        model.setBlock(block);
        DistributedTrainer trainer = DistributedTrainer.create(model, config, distributed);
        Session session = new Session(NDManager.newBaseManager(), model, trainer, true);
        try {
            session.trainer.initialize(input);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** Another trainer of the same model, to be closed before. */
    Session beside(String reduce) {
        DistributedConfig distributed =
                DistributedConfig.builder().optReduce(ReduceChoice.valueOf(reduce)).build();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(TestModels.optimizer("momentum"));
        DistributedTrainer other = DistributedTrainer.create(model, config, distributed);
        other.initialize(TestModels.IMAGE);
        return new Session(manager, model, other, false);
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
        if (isOwner) {
            model.close();
            manager.close();
        }
    }
}
