package org.jhorovod.djl;

import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.EasyTrain;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListener;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Cases about the figures that listeners see. */
final class MetricCases {
    private MetricCases() {}

    /**
     * Two epochs of EasyTrain with validation; gives all figures.
     *
     * <p>Arguments: training samples, validation samples, samples of all ranks per step, and
     * "rank0" if only rank 0 has listeners.
     */
    static final class Fit implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            int batchSize = Integer.parseInt(arguments.get(2)) / communicator.size();
            boolean listens = !arguments.get(3).equals("rank0") || communicator.rank() == 0;
            try (Session session =
                    Session.open(
                            TestModels.block("tanh-mlp"),
                            TestModels.IMAGE,
                            "sgd",
                            config -> {
                                config.addEvaluator(new Accuracy());
                                config.addEvaluator(new MeanLabel());
                                if (listens) {
                                    config.addTrainingListeners(TrainingListener.Defaults.basic());
                                }
                            })) {
                ArrayDataset training =
                        TestModels.data(
                                session.manager,
                                Integer.parseInt(arguments.get(0)),
                                batchSize,
                                false,
                                false);
                ArrayDataset validation =
                        TestModels.data(
                                session.manager,
                                Integer.parseInt(arguments.get(1)),
                                batchSize,
                                false,
                                false);
                session.trainer.setMetrics(new Metrics());
                EasyTrain.fit(session.trainer, 2, training, validation);
                return new TreeMap<>(session.trainer.getTrainingResult().getEvaluations())
                        .toString();
            }
        }
    }

    /** Evaluates twice without an epoch's end; gives the accuracy after each. */
    static final class EvaluateAlone implements RankCase {
        @Override
        public String run(Communicator communicator, List<String> arguments) throws Exception {
            Accuracy accuracy = new Accuracy();
            try (Session session =
                    Session.open(
                            TestModels.block("tanh-mlp"),
                            TestModels.IMAGE,
                            "sgd",
                            config ->
                                    config.addEvaluator(accuracy)
                                            .addTrainingListeners(
                                                    new EvaluatorTrainingListener()))) {
                ArrayDataset data = TestModels.data(session.manager, 1003, 50, true, false);
                EasyTrain.evaluateDataset(session.trainer, data);
                float once = accuracy.getAccumulator(EvaluatorTrainingListener.VALIDATE_EPOCH);
                EasyTrain.evaluateDataset(session.trainer, data);
                float twice = accuracy.getAccumulator(EvaluatorTrainingListener.VALIDATE_EPOCH);
                return once + " " + twice;
            }
        }
    }

    /** A mean over samples that keeps its sums to itself. */
    private static final class MeanLabel extends Evaluator {
        private final Map<String, double[]> hidden = new HashMap<>();

        MeanLabel() {
            super("MeanLabel");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            return labels.head().mean();
        }

        @Override
        public void addAccumulator(String key) {
            hidden.put(key, new double[2]);
        }

        @Override
        public void updateAccumulator(String key, NDList labels, NDList predictions) {
            double[] sums = hidden.getOrDefault(key, new double[2]);
            sums[0] += labels.head().sum().getFloat();
            sums[1] += labels.head().size();
            hidden.put(key, sums);
        }

        @Override
        public void resetAccumulator(String key) {
            hidden.put(key, new double[2]);
        }

        @Override
        public float getAccumulator(String key) {
            double[] sums = hidden.getOrDefault(key, new double[2]);
            return (float) (sums[0] / sums[1]);
        }
    }
}
