package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import ai.djl.training.TrainingConfig;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.listener.EarlyStoppingListener;
import ai.djl.training.listener.LoggingTrainingListener;
import ai.djl.training.listener.MemoryTrainingListener;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.listener.TimeMeasureTrainingListener;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.PairList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.Predicate;
import org.jhorovod.allreduce.collective.Communicator;

/** The user's training configuration with the listeners and evaluators that a rank needs. */
final class RankConfig implements TrainingConfig {
    private final TrainingConfig config;
    private final List<TrainingListener> listeners;
    private final List<Evaluator> evaluators;

    private RankConfig(
            TrainingConfig config, List<TrainingListener> listeners, List<Evaluator> evaluators) {
        this.config = config;
        this.listeners = listeners;
        this.evaluators = evaluators;
    }

    /** For a trainer that nobody listens to. */
    static RankConfig silent(TrainingConfig config) {
        return new RankConfig(config, List.of(), List.of());
    }

    /**
     * For one of several ranks: those listeners that write files or a progress bar act on rank 0
     * only, early stopping follows rank 0, and evaluators of unknown make are wrapped so that their
     * figures can be reduced.
     */
    static RankConfig of(TrainingConfig config, Communicator communicator) {
        List<TrainingListener> listeners =
                config.getTrainingListeners().stream()
                        .filter(listener -> communicator.rank() == 0 || !isForOneRank(listener))
                        .map(listener -> agreeing(listener, communicator))
                        .toList();
        List<Evaluator> evaluators =
                config.getEvaluators().stream().map(WeightedEvaluator::wrapUnknown).toList();
        return new RankConfig(config, listeners, evaluators);
    }

    private static TrainingListener agreeing(TrainingListener listener, Communicator communicator) {
        return listener instanceof EarlyStoppingListener stopping
                ? new AgreedStopping(stopping, communicator)
                : listener;
    }

    private static boolean isForOneRank(TrainingListener listener) {
        return listener instanceof LoggingTrainingListener
                || listener instanceof SaveModelTrainingListener
                || listener instanceof MemoryTrainingListener
                || listener instanceof TimeMeasureTrainingListener;
    }

    @Override
    public Device[] getDevices() {
        return config.getDevices();
    }

    @Override
    public PairList<Initializer, Predicate<Parameter>> getInitializers() {
        return config.getInitializers();
    }

    @Override
    public Optimizer getOptimizer() {
        return config.getOptimizer();
    }

    @Override
    public Loss getLossFunction() {
        return config.getLossFunction();
    }

    @Override
    public ExecutorService getExecutorService() {
        return config.getExecutorService();
    }

    @Override
    public List<Evaluator> getEvaluators() {
        return evaluators;
    }

    @Override
    public List<TrainingListener> getTrainingListeners() {
        return listeners;
    }
}
