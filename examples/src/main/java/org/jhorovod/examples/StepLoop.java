package org.jhorovod.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.DistributedConfig;
import org.jhorovod.djl.DistributedTrainer;

/** A model in training, whose steps are timed on this rank. Owned by the training thread. */
final class StepLoop implements AutoCloseable {
    private static final int INITIAL_SEED = 1; // the same on all ranks and in all modes
    private static final float LEARNING_RATE = 0.01f;

    private final SyncMode mode;
    private final Model model;
    private final Trainer trainer;
    private final SyntheticImages data;
    private final Optional<NamedGradients> named;
    private Iterator<Batch> batches = Collections.emptyIterator(); // of the pass

    private StepLoop(SyncMode mode, Model model, Trainer trainer, SyntheticImages data) {
        this.mode = mode;
        this.model = model;
        this.trainer = trainer;
        this.data = data;
        this.named =
                mode == SyncMode.NAMED
                        ? Optional.of(new NamedGradients(JHorovod.init(), model.getBlock()))
                        : Optional.empty();
    }

    /**
     * Starts a model on the device of its data, with the same parameters at each call.
     *
     * @param alone the world that the trainer has with {@link SyncMode#OFF}
     * @param data lent, and of images of this model
     */
    static StepLoop open(
            PerfModel architecture, SyncMode mode, Communicator alone, SyntheticImages data) {
        Model model = Model.newInstance(architecture.word(), data.device());
        model.setBlock(architecture.create());
        model.getNDManager().getEngine().setRandomSeed(INITIAL_SEED);
        Trainer trainer = trainer(model, mode, alone, data.device());
        trainer.initialize(architecture.images(1));
        return new StepLoop(mode, model, trainer, data);
    }

    private static Trainer trainer(Model model, SyncMode mode, Communicator alone, Device device) {
        TrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optDevices(new Device[] {device})
                        .optOptimizer(
                                Optimizer.sgd()
                                        .setLearningRateTracker(Tracker.fixed(LEARNING_RATE))
                                        .build());
        return switch (mode) {
            case ON, TRACED -> DistributedTrainer.create(model, config);
            case OFF ->
                    DistributedTrainer.create(
                            model,
                            config,
                            DistributedConfig.builder().optCommunicator(alone).build());
            case SINGLE ->
                    DistributedTrainer.create(
                            model, config, DistributedConfig.builder().optBucketMib(0).build());
            case NONE, NAMED -> model.newTrainer(config);
        };
    }

    /** Makes some steps, and says how long each took on this rank, in milliseconds. */
    double[] run(int steps) {
        double[] millis = new double[steps];
        for (int i = 0; i < steps; i++) {
            Batch batch = next();
            long start = System.nanoTime();
            step(batch);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        return millis;
    }

    /** The next batch, of a new pass where one has ended: then it waits for the other ranks. */
    private Batch next() {
        try {
            while (!batches.hasNext()) {
                batches = trainer.iterateDataset(data.dataset()).iterator();
            }
            return batches.next();
        } catch (IOException | TranslateException e) {
            throw new IllegalStateException("bug: the images are in memory, yet unreadable", e);
        }
    }

    private void step(Batch batch) {
        try (batch) {
            NDArray loss;
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
                loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
                collector.backward(loss);
            }
            named.ifPresent(NamedGradients::average);
            trainer.step();
            if (data.device().isGpu()) {
                // It works through what it is given in order, and only then hands out a number.
                loss.getFloat();
            }
        }
    }

    SyncMode mode() {
        return mode;
    }

    Block block() {
        return model.getBlock();
    }

    /** The share of the steps so far that this rank spent waiting for the others, 0 to 1. */
    double waitingShare() {
        return trainer instanceof DistributedTrainer distributed
                ? distributed.statistics().waitingShare()
                : 0;
    }

    @Override
    public void close() {
        trainer.close();
        model.close();
    }
}
