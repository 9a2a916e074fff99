package org.jhorovod.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What is to be trained, and in which ways; filled in by picocli. */
final class SlowLinkOptions {

    @Option(
            names = "--way",
            paramLabel = "WAY",
            arity = "1..*",
            converter = TrainingWay.Converter.class,
            description = {
                "Ways to train, one after another: " + TrainingWay.ALLOWED + ".",
                "Default: plain local:32 local:32,int8 local:32,int8,fragments:4."
            })
    private @Nullable List<TrainingWay> ways; // null for the usual ones

    @Option(
            names = "--accuracy",
            paramLabel = "SHARE",
            converter = Share.class,
            defaultValue = "0.87",
            description = "Share of the test images to name rightly. Default: ${DEFAULT-VALUE}.")
    private double accuracy;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "300",
            description =
                    "Seconds of training at most, for each way; looked at when the accuracy is."
                            + " Default: ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--every",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "64",
            description =
                    "Look at the accuracy after so many steps of a pass each. A multiple of the"
                            + " local steps shows the model just when the sites have agreed."
                            + " Default: ${DEFAULT-VALUE}.")
    private int every;

    @Option(
            names = "--plain-steps",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            description =
                    "Steps that plain takes to the accuracy, from a run on a fast link with the"
                            + " same options otherwise. Where it does not get there in time, an"
                            + " estimate is made of them and its median step.")
    private @Nullable Integer plainSteps; // null for no estimate

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "64",
            description = "Images a step of each rank. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--rate",
            paramLabel = "X",
            defaultValue = "0.3",
            description = "Learning rate of SGD, in all ways. Default: ${DEFAULT-VALUE}.")
    private float rate;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description =
                    "Also draw accuracy against time into this PNG file, on the host of rank 0.")
    private @Nullable Path plot;

    @Mixin private final DataOptions data = new DataOptions();
    @Mixin private final ReportOptions report = new ReportOptions();

    List<TrainingWay> ways() {
        return Optional.ofNullable(ways).orElse(TrainingWay.USUAL);
    }

    double accuracy() {
        return accuracy;
    }

    int seconds() {
        return seconds;
    }

    int every() {
        return every;
    }

    @Nullable Integer plainSteps() {
        return plainSteps;
    }

    int batch() {
        return batch;
    }

    float rate() {
        return rate;
    }

    int seed() {
        return data.seed();
    }

    /** A part of the images. */
    LabelledImages images(LabelledImages.Part part) {
        return data.images(part);
    }

    Optional<Path> plot() {
        return Optional.ofNullable(plot);
    }

    ReportOptions report() {
        return report;
    }

    /** More than 0, at most 1. */
    private static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            if (!text.matches("0?\\.[0-9]{1,9}|1|1\\.0*") || Double.parseDouble(text) == 0) {
                throw new TypeConversionException(
                        "'" + text + "' is no share from 0 to 1, such as 0.87");
            }
            return Double.valueOf(text);
        }
    }
}
