package org.jhorovod.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What is to be measured; filled in by picocli. */
final class PerfOptions {

    /** What DJL can give the address of. */
    private static final long MOST_ON_DEVICE = Integer.MAX_VALUE - 15;

    private static final String ALL = "all";

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli's
    private CommandSpec command;

    @Option(
            names = "--min",
            paramLabel = "BYTES",
            converter = Size.class,
            defaultValue = "4K",
            description = "Size to start with, such as 512, 4K, 1M or 1G. Default: 4K.")
    private long min;

    @Option(
            names = "--max",
            paramLabel = "BYTES",
            converter = Size.class,
            defaultValue = "256M",
            description = "Size to end with, at most. Default: 256M.")
    private long max;

    @Option(
            names = "--factor",
            paramLabel = "N",
            converter = AtLeastTwo.class,
            defaultValue = "4",
            description = "Each size is so many times the one before. Default: 4.")
    private int factor;

    @Option(
            names = "--iters",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "20",
            description = "Timed iterations a size. Default: 20.")
    private int iterations;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            converter = TrainingOptions.AtLeastOne.class,
            defaultValue = "5",
            description = "Iterations before them. Default: 5.")
    private int warmup;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            converter = Types.class,
            defaultValue = "float32",
            description =
                    "float32, float64, int32, int64, float16, bfloat16, int8, uint8, bool, or all."
                            + " Default: float32.")
    @SuppressWarnings("NullAway.Init") // picocli's
    private Choice<DataType> type;

    @Option(
            names = "--op",
            paramLabel = "OP",
            converter = Ops.class,
            defaultValue = "sum",
            description =
                    "sum, average, min, max, product, or all that the type has. Default: sum.")
    @SuppressWarnings("NullAway.Init") // picocli's
    private Choice<ReduceOp> op;

    @Option(
            names = "--device",
            description =
                    "Measure on the memory of gpu(0) of each rank, 2G-1 at most. Default: on that"
                            + " of the host.")
    private boolean isOnDevice;

    @Option(
            names = "--registered",
            description =
                    "Measure on registered memory, which ranks of a host reduce in place. Default:"
                            + " on ordinary memory, which is copied.")
    private boolean isRegistered;

    @Mixin private final ReportOptions report = new ReportOptions();

    /** The sizes in bytes, ascending. */
    List<Long> sizes() {
        if (min > max) {
            throw wrong("--min %d is more than --max %d".formatted(min, max));
        }
        if (isOnDevice && max > MOST_ON_DEVICE) {
            throw wrong("--device measures sizes up to %d bytes".formatted(MOST_ON_DEVICE));
        }
        if (isOnDevice && isRegistered) {
            throw wrong("--registered memory is the host's: leave out --device");
        }
        return sizes(min, max, factor);
    }

    /** From min to max, which is no less, at most. */
    static List<Long> sizes(long min, long max, int factor) {
        List<Long> sizes = new ArrayList<>(List.of(min));
        for (long size = min; size <= max / factor; ) {
            size *= factor;
            sizes.add(size);
        }
        return sizes;
    }

    List<DataType> types() {
        return type.values();
    }

    /** The reductions to measure that elements of a type have. */
    List<ReduceOp> ops(DataType of) {
        List<ReduceOp> ops = op.values().stream().filter(of::supports).toList();
        if (ops.isEmpty() && type.values().size() == 1) {
            throw wrong(
                    "--type %s has no %s"
                            .formatted(Choice.word(of), Choice.word(op.values().get(0))));
        }
        return ops;
    }

    int iterations() {
        return iterations;
    }

    int warmup() {
        return warmup;
    }

    boolean isOnDevice() {
        return isOnDevice;
    }

    boolean isRegistered() {
        return isRegistered;
    }

    ReportOptions report() {
        return report;
    }

    private ParameterException wrong(String why) {
        return new ParameterException(command.commandLine(), why);
    }

    private static final class Types implements ITypeConverter<Choice<DataType>> {
        @Override
        public Choice<DataType> convert(String text) {
            return Choice.oneOrAll(text, DataType.values(), ALL);
        }
    }

    private static final class Ops implements ITypeConverter<Choice<ReduceOp>> {
        /** Of which each element can be checked by itself. */
        private static ReduceOp[] elementWise() {
            return Stream.of(ReduceOp.values())
                    .filter(ReduceOp::isElementWise)
                    .toArray(ReduceOp[]::new);
        }

        @Override
        public Choice<ReduceOp> convert(String text) {
            return Choice.oneOrAll(text, elementWise(), ALL);
        }
    }

    /** A whole number from 2. */
    private static final class AtLeastTwo implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,8}") || text.equals("1")) {
                throw new TypeConversionException("'" + text + "' is no whole number from 2");
            }
            return Integer.valueOf(text);
        }
    }

    /** A number of bytes from 1, with K, M or G for a power of 1024. */
    private static final class Size implements ITypeConverter<Long> {
        private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,11})([KMG]?)");

        @Override
        public Long convert(String text) {
            Matcher matcher = FORM.matcher(text.toUpperCase(Locale.ROOT));
            long bytes =
                    matcher.matches()
                            ? Long.parseLong(matcher.group(1))
                                    << (10 * " KMG".indexOf((matcher.group(2) + " ").charAt(0)))
                            : 0;
            if (bytes < 1 || bytes > 1L << 40) {
                throw new TypeConversionException(
                        "'" + text + "' is no size from 1 to 1024G, such as 512, 4K or 256M");
            }
            return bytes;
        }
    }
}
