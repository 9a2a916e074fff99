package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.metric.Metrics;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.djl.listener.TensorBoardListener;
import org.jhorovod.examples.LabelledImages.Part;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a small network on Fashion-MNIST through {@link EasyTrain#fit}. */
@Command(
        name = "fashion-mnist",
        description = "Trains a small network on Fashion-MNIST through DJL's EasyTrain.fit.")
public final class FashionMnist implements Callable<Integer> {

    @Mixin private final TrainingOptions options = new TrainingOptions();

    @Option(
            names = "--tensorboard",
            paramLabel = "DIR",
            description = "Folder for figures that TensorBoard shows; rank 0 writes them.")
    private @Nullable Path tensorBoard;

    FashionMnist() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new FashionMnist(), args));
    }

    @Override
    public Integer call() throws IOException, TranslateException {
        Engine.getInstance().setRandomSeed(options.seed());
        TrainingClock clock = new TrainingClock();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(options.optimizer())
                        .addEvaluator(new Accuracy())
                        .addTrainingListeners(TrainingListener.Defaults.logging())
                        .addTrainingListeners(clock);
        if (tensorBoard != null) {
            config.addTrainingListeners(
                    TensorBoardListener.builder().setFolder(tensorBoard).build());
        }

        try (Model model = Model.newInstance("fashion-mnist")) {
            model.setBlock(FashionCnn.create());
            Dataset training = options.dataset(Part.TRAINING, model.getNDManager());
            Dataset test = options.dataset(Part.TEST, model.getNDManager());

            TrainingReport report;
            try (Trainer trainer = DistributedTrainer.create(model, config)) {
                trainer.setMetrics(new Metrics());
                trainer.initialize(FashionCnn.INPUT);
                EasyTrain.fit(trainer, options.epochs(), training, test);

                float accuracy = trainer.getTrainingResult().getValidateEvaluation("Accuracy");
                report = TrainingReport.of(trainer, accuracy, clock.imagesPerSecond());
            }
            report.print(System.out);
        }
        return 0;
    }
}
