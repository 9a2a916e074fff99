package org.jhorovod.examples;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import org.jhorovod.examples.LabelledImages.Part;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that the examples share; filled in by picocli. */
final class TrainingOptions {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli's
    private boolean help;

    @Mixin private final DataOptions data = new DataOptions();

    @Option(
            names = "--epochs",
            paramLabel = "N",
            converter = AtLeastOne.class,
            defaultValue = "4",
            description = "Passes over the training images. Default: ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            converter = AtLeastOne.class,
            defaultValue = "32",
            description = "Images per step of each rank. Default: ${DEFAULT-VALUE}.")
    private int batchSize;

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            defaultValue = "0.002",
            description =
                    "Learning rate of Adam at the start; it falls with each step, and is not scaled"
                            + " by the number of ranks. Default: ${DEFAULT-VALUE}.")
    private float learningRate;

    int epochs() {
        return epochs;
    }

    /** Adam, with a learning rate that falls by 0.3 % a step down to a twentieth. */
    Optimizer optimizer() {
        Tracker rate =
                Tracker.factor()
                        .setBaseValue(learningRate)
                        .setFactor(0.997f)
                        .optMinValue(learningRate / 20)
                        .build();
        return Optimizer.adam().optLearningRateTracker(rate).build();
    }

    int seed() {
        return data.seed();
    }

    /**
     * A part of the data that {@code --data} names, or of the bundled subset, in batches; the
     * training images are shuffled.
     *
     * @param manager owns the data set's arrays
     * @throws DataException if a file is missing or broken
     */
    Dataset dataset(Part part, NDManager manager) {
        return data.images(part).dataset(manager, batchSize, part == Part.TRAINING);
    }

    /** A whole number from 1. */
    static final class AtLeastOne implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("0*[1-9][0-9]{0,8}")) {
                throw new TypeConversionException("'" + text + "' is no whole number from 1");
            }
            return Integer.valueOf(text);
        }
    }
}
