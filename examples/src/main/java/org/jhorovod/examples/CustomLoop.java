package org.jhorovod.examples;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.djl.DistributedTrainer;
import org.jhorovod.examples.LabelledImages.Part;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Trains a small network on Fashion-MNIST in a loop written by hand. What makes a DJL program like
 * this one data-parallel is one line:
 *
 * <pre>
 * - Trainer trainer = model.newTrainer(config);
 * + Trainer trainer = DistributedTrainer.create(model, config);
 * </pre>
 *
 * <p>{@code iterateDataset} then yields this rank's share of the images, and {@code step} averages
 * the gradients over all ranks before it updates the parameters. The loop counts the right answers
 * itself, each rank in its share, so it also sums these counts with a collective of its own.
 */
@Command(
        name = "custom-loop",
        description = "Trains a small network on Fashion-MNIST in a loop written by hand.")
public final class CustomLoop implements Callable<Integer> {

    @Mixin private final TrainingOptions options = new TrainingOptions();

    @Option(
            names = "--save",
            paramLabel = "DIR",
            description = "Folder to save the model in; rank 0 writes it.")
    private @Nullable Path saveFolder;

    CustomLoop() {}

    /** Starts the example; {@code --help} lists the options. */
    public static void main(String[] args) {
        System.exit(ExampleCommand.run(new CustomLoop(), args));
    }

    @Override
    public Integer call() throws IOException, TranslateException {
        Engine.getInstance().setRandomSeed(options.seed());
        TrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(options.optimizer());

        try (Model model = Model.newInstance("custom-loop")) {
            model.setBlock(FashionCnn.create());
            Dataset training = options.dataset(Part.TRAINING, model.getNDManager());
            Dataset test = options.dataset(Part.TEST, model.getNDManager());

            TrainingReport report;
            try (Trainer trainer = DistributedTrainer.create(model, config)) {
                trainer.initialize(FashionCnn.INPUT);
                report = trainAndReport(trainer, training, test);
            }
            report.print(System.out);
            if (saveFolder != null && report.rank() == 0) {
                model.save(saveFolder, "custom-loop");
            }
        }
        return 0;
    }

    private TrainingReport trainAndReport(Trainer trainer, Dataset training, Dataset test)
            throws IOException, TranslateException {
        DistributedTrainer distributed = (DistributedTrainer) trainer;
        Communicator communicator = distributed.communicator();
        double accuracy = 0;
        long trainingNanos = 0;
        for (int epoch = 1; epoch <= options.epochs(); epoch++) {
            long start = System.nanoTime();
            train(trainer, training);
            trainingNanos += System.nanoTime() - start;
            accuracy = evaluate(trainer, test, communicator);
            if (communicator.rank() == 0) {
                System.out.printf("epoch %d: test accuracy %.4f%n", epoch, accuracy);
            }
        }
        long images = distributed.statistics().samples();
        return TrainingReport.of(trainer, accuracy, images * 1e9 / trainingNanos);
    }

    /** One pass over this rank's share of the training images. */
    private static void train(Trainer trainer, Dataset training)
            throws IOException, TranslateException {
        for (Batch batch : trainer.iterateDataset(training)) {
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList predictions = trainer.forward(batch.getData(), batch.getLabels());
                NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), predictions);
                collector.backward(loss);
            }
            trainer.step();
            batch.close();
        }
    }

    /** The share of right answers over all ranks. */
    private static double evaluate(Trainer trainer, Dataset test, Communicator communicator)
            throws IOException, TranslateException {
        long right = 0;
        long images = 0;
        for (Batch batch : trainer.iterateDataset(test)) {
            NDArray predictions = trainer.evaluate(batch.getData()).singletonOrThrow();
            NDArray labels = batch.getLabels().singletonOrThrow();
            right += predictions.argMax(1).eq(labels).countNonzero().getLong();
            images += batch.getSize();
            batch.close();
        }
        HostTensor counts = HostTensor.allocate(DataType.INT64, 2);
        LongBuffer values = counts.buffers().get(0).asLongBuffer().put(0, right).put(1, images);
        communicator.allReduce("test counts", counts, ReduceOp.SUM);
        return (double) values.get(0) / values.get(1);
    }
}
