package org.jhorovod.examples;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whose steps are to be measured; filled in by picocli. */
final class TrainPerfOptions {

    /** What DJL's engine looks at when it starts; it has precedence over OMP_NUM_THREADS. */
    static final String THREADS = "ai.djl.pytorch.num_threads";

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            required = true,
            converter = Models.class,
            description =
                    "mlp (784-1024-1024-10; 1,863,690 parameters), lenet (61,706), resnet18 (for"
                            + " images of 32 by 32; 11,173,962) or deep (100 layers of 16 units,"
                            + " with 200 arrays of 39,386 parameters).")
    @SuppressWarnings("NullAway.Init") // picocli's
    private PerfModel model;

    @Option(
            names = "--sync",
            paramLabel = "MODE",
            converter = SyncMode.Modes.class,
            defaultValue = "compare",
            description =
                    "on, off, none, single, named or traced; compare for the first three in turn,"
                            + " fusion for on, single and named, tracing for on and traced."
                            + " Default: compare.")
    @SuppressWarnings("NullAway.Init") // picocli's
    private List<SyncMode> sync;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            converter = Devices.class,
            defaultValue = "cpu",
            description = "cpu, or gpu for gpu(0) of each rank. Default: cpu.")
    @SuppressWarnings("NullAway.Init") // picocli's
    private TrainDevice device;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            description = "Images a step of each rank. Default: 64 for mlp, 16 for the others.")
    private @Nullable Integer batch; // null for the model's

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            description =
                    "Steps a block. Default: 20 for mlp and deep, 40 for lenet, 2 for resnet18.")
    private @Nullable Integer steps; // null for the model's

    @Option(
            names = "--blocks",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "12",
            description = "Timed blocks a mode. Default: 12.")
    private int blocks;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "12",
            description =
                    "Seconds of blocks that are not timed, until the JVM has compiled what runs."
                            + " Default: 12.")
    private int warmUpSeconds;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "${sys:" + THREADS + ":-1}",
            description =
                    "Threads that compute on each rank, whatever OMP_NUM_THREADS is. Default: the"
                            + " system property "
                            + THREADS
                            + ", or 1.")
    private int threads;

    @Mixin private final ReportOptions report = new ReportOptions();

    PerfModel model() {
        return model;
    }

    /** The modes to measure, in their own order. */
    List<SyncMode> modes() {
        return sync;
    }

    TrainDevice device() {
        return device;
    }

    int batch() {
        return Optional.ofNullable(batch).orElseGet(model::batch);
    }

    int steps() {
        return Optional.ofNullable(steps).orElseGet(model::steps);
    }

    int blocks() {
        return blocks;
    }

    int warmUpSeconds() {
        return warmUpSeconds;
    }

    int threads() {
        return threads;
    }

    ReportOptions report() {
        return report;
    }

    private static final class Models implements ITypeConverter<PerfModel> {
        @Override
        public PerfModel convert(String text) {
            return Choice.one(text, PerfModel.values());
        }
    }

    private static final class Devices implements ITypeConverter<TrainDevice> {
        @Override
        public TrainDevice convert(String text) {
            return Choice.one(text, TrainDevice.values());
        }
    }
}
