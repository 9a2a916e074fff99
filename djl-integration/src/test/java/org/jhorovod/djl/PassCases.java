package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EarlyStoppingListener;
import ai.djl.training.listener.EarlyStoppingListener.EarlyStoppedException;
import ai.djl.training.listener.EpochTrainingListener;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about steps and ends of passes that do not fall on the same batch on all ranks. */
final class PassCases {
    /** On two ranks: batches of 10, 10, 10 and 1 samples, and of 10, 10 and 10. */
    private static final int SAMPLES = 61;

    private static final int BATCH_SIZE = 10;

    private PassCases() {}

    /**
     * Accumulates gradients over uneven shards; gives the parameters.
     *
     * <p>Arguments: when to step, epochs.
     */
    static final class Accumulating implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        TestModels.data(session.manager, SAMPLES, BATCH_SIZE, false, false);
                int backwards = 0;
                for (int epoch = 0; epoch < Integer.parseInt(arguments.get(1)); epoch++) {
                    Iterator<Batch> batches = session.trainer.iterateDataset(data).iterator();
                    int inEpoch = 0;
                    while (batches.hasNext()) {
                        Batch batch = batches.next();
                        session.backward(batch);
                        backwards++;
                        inEpoch++;
                        boolean last = batch.getProgress() == batch.getProgressTotal();
                        boolean steps =
                                switch (arguments.get(0)) {
                                    case "every second" -> backwards % 2 == 0;
                                    case "every third" -> backwards % 3 == 0;
                                    case "second and last" -> inEpoch % 2 == 0 || last;
                                    case "looking ahead" -> !batches.hasNext() || inEpoch > 0;
                                    default -> throw new IllegalArgumentException();
                                };
                        if (steps) {
                            session.trainer.step();
                        }
                        batch.close();
                    }
                }
                return Parameters.encode(session.model.getBlock());
            }
        }
    }

    /**
     * One process that does what two ranks do together; gives the parameters.
     *
     * <p>Arguments: the batches of each step, each as rank, "b" and number in the rank's shard.
     */
    static final class Scheduled implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        TestModels.data(session.manager, SAMPLES, SAMPLES, false, false);
                Batch all = data.getData(session.manager).iterator().next();
                for (String step : arguments) {
                    List<String> parts = List.of(step.split(" ", -1));
                    long total = parts.stream().mapToLong(PassCases::rows).sum();
                    for (String part : parts) {
                        long ofRank =
                                parts.stream()
                                        .filter(other -> other.charAt(0) == part.charAt(0))
                                        .mapToLong(PassCases::rows)
                                        .sum();
                        backward(session, all, part, (float) ofRank / total);
                    }
                    session.trainer.step();
                }
                return Parameters.encode(session.model.getBlock());
            }
        }

        private static void backward(Session session, Batch all, String part, float weight) {
            String rows = "%d:%d:2".formatted(first(part), end(part));
            NDList images = new NDList(all.getData().head().get(rows));
            NDList labels = new NDList(all.getLabels().head().get(rows));
            try (GradientCollector collector = session.trainer.newGradientCollector()) {
                NDList predictions = session.trainer.forward(images);
                NDArray loss = session.trainer.getLoss().evaluate(labels, predictions);
                collector.backward(loss.mul(weight));
            }
        }
    }

    private static int first(String part) {
        int rank = part.charAt(0) - '0';
        int batch = part.charAt(2) - '1';
        return rank + 2 * BATCH_SIZE * batch;
    }

    private static int end(String part) {
        return Math.min(SAMPLES, first(part) + 2 * BATCH_SIZE);
    }

    private static int rows(String part) {
        return (end(part) - first(part) + 1) / 2;
    }

    /** Evaluates some batches between backward and step; gives the samples that the step saw. */
    static final class EvaluatingBeforeStep implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset training = TestModels.data(session.manager, 40, 10, false, false);
                ArrayDataset validation = TestModels.data(session.manager, 70, 7, false, false);
                Iterator<Batch> batches = session.trainer.iterateDataset(training).iterator();
                StringBuilder samples = new StringBuilder();
                while (batches.hasNext()) {
                    Batch batch = batches.next();
                    session.backward(batch);
                    evaluateSome(session, validation);
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                    samples.append(session.trainer.statistics().samples()).append(' ');
                }
                return samples + session.digest();
            }
        }

        private static void evaluateSome(Session session, ArrayDataset validation)
                throws Exception {
            int evaluated = 0;
            for (Batch batch : session.trainer.iterateDataset(validation)) {
                session.trainer.evaluate(batch.getData());
                batch.close();
                if (++evaluated == 3) {
                    break;
                }
            }
        }
    }

    /** Breaks off a pass where only one rank still has a batch, and opens another. */
    static final class BreakingOffAlone implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data =
                        TestModels.data(session.manager, SAMPLES, BATCH_SIZE, false, false);
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                    if (batch.getProgress() == 31) {
                        break;
                    }
                }
                session.trainer.iterateDataset(data);
                return "went on";
            }
        }
    }

    /** Freezes another layer of the same shape on each rank. */
    static final class FreezingDifferently implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            SequentialBlock block = new SequentialBlock().add(Blocks.batchFlattenBlock());
            for (int layer = 0; layer < 3; layer++) {
                block.add(Linear.builder().setUnits(64).build());
            }
            try (Session session = Session.open(block, TestModels.IMAGE, "sgd", config -> {})) {
                Block layer = block.getChildren().get(1 + communicator.rank()).getValue();
                layer.freezeParameters(true);
                ArrayDataset data = TestModels.data(session.manager, 40, 10, false, false);
                for (Batch batch : session.trainer.iterateDataset(data)) {
                    session.backward(batch);
                    session.trainer.step();
                    batch.close();
                }
                return "diverged: " + session.digest();
            }
        }
    }

    /**
     * Two epochs, after the first of which one rank's clock says that it is time to stop; gives how
     * the training ended.
     *
     * <p>Arguments: that rank.
     */
    static final class StoppingByTheClock implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            boolean isLate = communicator.rank() == Integer.parseInt(arguments.get(0));
            EarlyStoppingListener stopping =
                    EarlyStoppingListener.builder()
                            .optMinEpochs(0)
                            .optMaxDuration(isLate ? Duration.ZERO : Duration.ofHours(1))
                            .build();
            try (Session session =
                    Session.open(
                            TestModels.block("tanh-mlp"),
                            new Shape(1, 1, TestModels.SIDE, TestModels.SIDE),
                            "sgd",
                            config ->
                                    config.addTrainingListeners(
                                            new EpochTrainingListener(), stopping))) {
                ArrayDataset data = TestModels.data(session.manager, 40, 10, false, false);
                try {
                    EasyTrain.fit(session.trainer, 2, data, null);
                    return "went on";
                } catch (EarlyStoppedException e) {
                    return "stopped";
                }
            }
        }
    }

    /** Asks for the batches of one pass twice; gives what came of it. */
    static final class IteratingTwice implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            try (Session session = Session.open("tanh-mlp", "sgd")) {
                ArrayDataset data = TestModels.data(session.manager, 40, 10, false, false);
                Iterable<Batch> batches = session.trainer.iterateDataset(data);
                batches.forEach(Batch::close);
                try {
                    batches.forEach(Batch::close);
                    return "silence";
                } catch (IllegalStateException e) {
                    return String.valueOf(e.getMessage());
                }
            }
        }
    }
}
