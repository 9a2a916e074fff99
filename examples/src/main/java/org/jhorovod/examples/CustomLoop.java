package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.metric.Metrics;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.concurrent.Callable;
import org.jhorovod.examples.LabelledImages.Part;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Trains a small network on Fashion-MNIST through {@link EasyTrain#fit}. */
@Command(
        name = "fashion-mnist",
        description = "Trains a small network on Fashion-MNIST through DJL's EasyTrain.fit.",
        mixinStandardHelpOptions = true)
public final class CustomLoop implements Callable<Integer> {

    @Mixin private final TrainingOptions options = new TrainingOptions();

    private CustomLoop() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new CustomLoop(), args));
    }

    @Override
    public Integer call() throws Exception {
        Engine.getInstance().setRandomSeed(options.seed());
        TrainingClock clock = new TrainingClock();
        TrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(
                                Optimizer.adam()
                                        .optLearningRateTracker(
                                                Tracker.fixed(options.learningRate()))
                                        .build())
                        .addEvaluator(new Accuracy())
                        .addTrainingListeners(TrainingListener.Defaults.logging())
                        .addTrainingListeners(clock);

        try (Model model = Model.newInstance("fashion-mnist")) {
            model.setBlock(FashionCnn.create());
            Dataset training = dataset(model, Part.TRAINING);
            Dataset test = dataset(model, Part.TEST);

            try (Trainer trainer = model.newTrainer(config)) {
                trainer.setMetrics(new Metrics());
                trainer.initialize(FashionCnn.INPUT);
                EasyTrain.fit(trainer, options.epochs(), training, test);

                float accuracy = trainer.getTrainingResult().getValidateEvaluation("Accuracy");
                System.out.println(accuracy + " " + clock.imagesPerSecond());
            }
        }
        return 0;
    }

    private Dataset dataset(Model model, Part part) {
        return options.images(part)
                .dataset(model.getNDManager(), options.batchSize(), part == Part.TRAINING);
    }
}
