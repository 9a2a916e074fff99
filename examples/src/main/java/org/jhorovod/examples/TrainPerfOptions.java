package org.jhorovod.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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
                    "mlp (784-1024-1024-10; 1,863,690 parameters), lenet (61,706) or resnet18 (for"
                            + " images of 32 by 32; 11,173,962).")
    @SuppressWarnings("NullAway.Init") // picocli's
    private PerfModel model;

    @Option(
            names = "--sync",
            paramLabel = "MODE",
            converter = Modes.class,
            defaultValue = "compare",
            description = "on, off, none, or compare for all three in turn. Default: compare.")
    @SuppressWarnings("NullAway.Init") // picocli's
    private Modes.Choice sync;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            description =
                    "Images a step of each rank. Default: 64 for mlp, 16 for lenet and resnet18.")
    private @Nullable Integer batch; // null for the model's

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            description = "Steps a block. Default: 20 for mlp, 40 for lenet, 2 for resnet18.")
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

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also write all to this file, on the host of rank 0; see below.")
    private @Nullable Path json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli's
    private boolean help;

    PerfModel model() {
        return model;
    }

    /** The modes to measure, in their own order. */
    List<SyncMode> modes() {
        return sync.modes();
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

    @Nullable Path json() {
        return json;
    }

    private static TypeConversionException isNone(String text, List<String> words) {
        return new TypeConversionException(
                "'%s' is none of %s".formatted(text, String.join(", ", words)));
    }

    private static final class Models implements ITypeConverter<PerfModel> {
        @Override
        public PerfModel convert(String text) {
            String word = text.toLowerCase(Locale.ROOT);
            return Arrays.stream(PerfModel.values())
                    .filter(model -> model.word().equals(word))
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    isNone(
                                            text,
                                            Arrays.stream(PerfModel.values())
                                                    .map(PerfModel::word)
                                                    .toList()));
        }
    }

    private static final class Modes implements ITypeConverter<Modes.Choice> {
        private static final String ALL = "compare";

        /**
         * One mode, or all.
         *
         * @param modes in their own order
         */
        record Choice(List<SyncMode> modes) {}

        @Override
        public Choice convert(String text) {
            String word = text.toLowerCase(Locale.ROOT);
            List<SyncMode> chosen =
                    Arrays.stream(SyncMode.values())
                            .filter(mode -> word.equals(ALL) || word.equals(mode.word()))
                            .toList();
            if (chosen.isEmpty()) {
                List<String> words =
                        Arrays.stream(SyncMode.values())
                                .map(SyncMode::word)
                                .collect(Collectors.toList());
                words.add(ALL);
                throw isNone(text, words);
            }
            return new Choice(chosen);
        }
    }
}
