package org.jhorovod.djl;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingResult;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.EarlyStoppingListener;
import ai.djl.training.listener.EarlyStoppingListener.EarlyStoppedException;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;
import org.jhorovod.djl.listener.BestModelListener;
import org.jhorovod.djl.listener.TensorBoardListener;
import org.jhorovod.djl.listener.ThroughputListener;

/** Cases about the listeners of package {@code listener}, and about early stopping. */
final class ListenerCases {
    private ListenerCases() {}

    /** The learning rate that is written; what it is does not matter. */
    static Tracker learningRate() {
        return Tracker.factor().setBaseValue(0.1f).setFactor(0.9f).build();
    }

    /** The listeners that a word stands for. */
    static TrainingListener listener(String word, Path folder, int epochs) {
        return switch (word) {
            case "tensorboard" ->
                    TensorBoardListener.builder()
                            .setFolder(folder)
                            .optEverySteps(2)
                            .optLearningRate(learningRate())
                            .build();
            case "throughput" -> new ThroughputListener(epochs, Duration.ZERO);
            case "highest" -> BestModelListener.highest("Accuracy", folder);
            case "lowest" -> BestModelListener.lowest("Accuracy", folder).named("case-best");
            default -> throw new IllegalArgumentException(word);
        };
    }

    /** Notes after each epoch the validation accuracy, the model, and all training's figures. */
    static final class Observer extends TrainingListenerAdapter {
        final List<String> epochs = new ArrayList<>();

        @Override
        public void onEpoch(Trainer trainer) {
            TrainingResult result = trainer.getTrainingResult();
            epochs.add(
                    "%s %s %s"
                            .formatted(
                                    result.getValidateEvaluation("Accuracy"),
                                    result.getTrainEvaluation("Accuracy"),
                                    ParameterDigest.sha256(trainer.getModel().getBlock())));
        }
    }

    /**
     * Trains on 61 samples in batches of 10, which is a step more for rank 0 of two, with 40 to
     * validate; gives what the observer noted, an epoch a line.
     *
     * <p>Arguments: the listener, its folder, epochs, and "first" where it stands before DJL's; a
     * folder for checkpoints, empty for none; the step after which the training is broken off, 0
     * for none.
     */
    static final class Fit implements RankCase {
        private static final class BrokenOff extends RuntimeException {
            private static final long serialVersionUID = 1;
        }

        /** Breaks the training off in the batch after a step, once a checkpoint is written. */
        private record Breaker(long step) {
            TrainingListener listener() {
                return new TrainingListenerAdapter() {
                    @Override
                    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
                        DistributedTrainer ofRank = (DistributedTrainer) trainer;
                        if (step > 0 && ofRank.progress().steps() == step) {
                            ofRank.checkpoint();
                            throw new BrokenOff();
                        }
                    }
                };
            }
        }

        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int epochs = Integer.parseInt(arguments.get(2));
            TrainingListener listener =
                    listener(arguments.get(0), Path.of(arguments.get(1)), epochs);
            boolean isFirst = arguments.get(3).equals("first");
            Observer observer = new Observer();
            Breaker breaker = new Breaker(Long.parseLong(arguments.get(5)));
            try (Session session =
                    Session.open(
                            TestModels.block("tanh-mlp"),
                            TestModels.IMAGE,
                            "sgd",
                            config -> {
                                config.addEvaluator(new Accuracy());
                                if (isFirst) {
                                    config.addTrainingListeners(listener);
                                }
                                config.addTrainingListeners(TrainingListener.Defaults.basic());
                                if (!isFirst) {
                                    config.addTrainingListeners(listener);
                                }
                                config.addTrainingListeners(observer);
                                config.addTrainingListeners(breaker.listener());
                            },
                            distributed -> keep(distributed, arguments.get(4)))) {
                ArrayDataset training = TestModels.data(session.manager, 61, 10, false, false);
                ArrayDataset validation = TestModels.data(session.manager, 40, 10, false, false);
                int left = epochs - session.trainer.progress().epochs();
                EasyTrain.fit(session.trainer, left, training, validation);
            } catch (BrokenOff e) {
                // what was noted before is the result
            }
            return String.join("\n", observer.epochs);
        }

        private static void keep(DistributedConfig.Builder config, String folder) {
            if (!folder.isEmpty()) {
                config.optCheckpoints(Checkpoints.builder().setFolder(Path.of(folder)).build());
            }
        }
    }

    /** Loads a model with DJL alone; gives its parameters' digest, epoch and accuracy. */
    static final class Load implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Model model = Model.newInstance("loaded")) {
                model.setBlock(TestModels.block("tanh-mlp"));
                model.load(Path.of(arguments.get(0)), arguments.get(1));
                return "%s %s %s"
                        .formatted(
                                ParameterDigest.sha256(model.getBlock()),
                                model.getProperty("Epoch"),
                                model.getProperty("Accuracy"));
            }
        }
    }

    /**
     * Trains twice for at most seven epochs with the same early stopping; gives after which epochs
     * it ended, and why.
     *
     * <p>Arguments: the option under test, "one" where only rank 0 stops early.
     */
    static final class Stopping implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            EarlyStoppingListener.Builder builder = EarlyStoppingListener.builder();
            switch (arguments.get(0)) {
                case "patience" -> builder.optEarlyStopPctImprovement(99).optEpochPatience(3);
                case "minimum" ->
                        builder.optEarlyStopPctImprovement(99).optEpochPatience(2).optMinEpochs(4);
                case "duration" -> builder.optMaxDuration(Duration.ZERO).optMinEpochs(2);
                case "metric" ->
                        builder.optMonitoredMetric("train_loss")
                                .optEarlyStopPctImprovement(99)
                                .optEpochPatience(1);
                case "improving" -> builder.optEpochPatience(1);
                default -> throw new IllegalArgumentException(arguments.get(0));
            }
            EarlyStoppingListener stopping = builder.build();
            boolean hasIt = communicator.rank() == 0 || !arguments.get(1).equals("one");
            Supplier<Session> sessions =
                    () ->
                            Session.open(
                                    TestModels.block("tanh-mlp"),
                                    new Shape(1, 1, TestModels.SIDE, TestModels.SIDE),
                                    "sgd",
                                    config -> {
                                        config.addTrainingListeners(
                                                TrainingListener.Defaults.basic());
                                        if (hasIt) {
                                            config.addTrainingListeners(stopping);
                                        }
                                    });
            return train(sessions) + "; " + train(sessions);
        }

        private static String train(Supplier<Session> sessions) throws Exception {
            try (Session session = sessions.get()) {
                ArrayDataset data = TestModels.data(session.manager, 61, 10, false, false);
                try {
                    EasyTrain.fit(session.trainer, 7, data, data);
                    return "to the end";
                } catch (EarlyStoppedException e) {
                    return "epoch " + e.getStopEpoch();
                }
            }
        }
    }
}
