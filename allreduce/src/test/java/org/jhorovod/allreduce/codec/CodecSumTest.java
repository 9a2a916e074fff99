package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jhorovod.allreduce.InProcessCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Sums over carriers that are threads, against sums in float64. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CodecSumTest {
    private static final List<String> CODECS =
            List.of("none", "float16", "bfloat16", "int8", "int4", "topk:0.01", "topk:0.25");
    private static final List<String> INPUTS =
            List.of(
                    "normal",
                    "constant",
                    "zero",
                    "negative zero",
                    "subnormal",
                    "smallest",
                    "huge",
                    "of all sizes");
    private static final int[] COUNTS = {1, 2, 63, 64, 65, 255, 257, 2047, 2048, 2049, 5003};
    private static final int STEPS = 3;
    private static final List<InProcessCluster> CLUSTERS = new ArrayList<>();

    /** What a carrier has after its reductions. */
    private record Result(List<float[]> sums, List<float[]> residuals, double bytesSent) {}

    @BeforeAll
    static void start() {
        for (int size = 1; size <= 4; size++) {
            CLUSTERS.add(InProcessCluster.start(size));
        }
    }

    @AfterAll
    static void close() {
        CLUSTERS.forEach(InProcessCluster::close);
        CLUSTERS.clear();
    }

    private static float[] input(String name, int count) {
        return switch (name) {
            case "normal" -> Floats.normal(count, 1e-3f, count);
            case "constant" -> Floats.constant(count, -0.3f);
            case "zero" -> Floats.constant(count, 0);
            case "negative zero" -> Floats.constant(count, -0.0f);
            case "subnormal" -> Floats.normal(count, 1e-41f, count);
            case "smallest" -> Floats.constant(count, Float.MIN_VALUE);
            case "huge" -> Floats.normal(count, 1e37f, count);
            case "of all sizes" -> ofAllSizes(count);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static float[] ofAllSizes(int count) {
        float[] values = Floats.normal(count, 1, count);
        for (int i = 0; i < count; i++) {
            values[i] = (float) (values[i] * Math.pow(10, i % 60 - 30));
        }
        return values;
    }

    static Stream<Arguments> codecsAndInputs() {
        return CODECS.stream()
                .flatMap(codec -> INPUTS.stream().map(input -> Arguments.of(codec, input)));
    }

    private static List<Result> run(String name, int size, BucketLayout layout, float[] values) {
        Codec codec = Codecs.parse(name);
        return CLUSTERS.get(size - 1)
                .run(
                        communicator -> {
                            BucketCodec bucket = codec.open(layout, ErrorFeedback.ON);
                            CountingExchange exchange =
                                    new CountingExchange(
                                            new CommunicatorExchange(communicator, "sum"));
                            Result result = new Result(new ArrayList<>(), new ArrayList<>(), 0);
                            for (int step = 0; step < STEPS; step++) {
                                ByteBuffer bytes =
                                        Floats.direct(turned(values, communicator.rank()));
                                bucket.reduce(bytes, exchange);
                                result.sums().add(Floats.of(bytes));
                                result.residuals().add(Floats.residual(bucket));
                            }
                            return new Result(
                                    result.sums(), result.residuals(), exchange.bytesSent());
                        });
    }

    /** Each carrier has the same values in another order. */
    private static float[] turned(float[] values, int rank) {
        float[] turned = new float[values.length];
        for (int i = 0; i < turned.length; i++) {
            turned[i] = values[(i + 7 * rank) % values.length];
        }
        return turned;
    }

    @ParameterizedTest
    @MethodSource("codecsAndInputs")
    void sums_areWithinTheCodecsBound_equalOnAllCarriers_andTheResidualIsWhatIsMissing(
            String name, String input) {
        for (int count : COUNTS) {
            float[] values = input(input, count);
            for (int size = 1; size <= 4; size++) {
                List<Result> results = run(name, size, Floats.vector(count), values);
                for (int step = 0; step < STEPS; step++) {
                    String what = "%s of %d %s, %d carriers, step %d";
                    check(
                            what.formatted(name, count, input, size, step),
                            name,
                            values,
                            results,
                            step);
                }
            }
        }
    }

    private static void check(
            String what, String name, float[] values, List<Result> results, int step) {
        int count = values.length;
        double[] expected = new double[count];
        double[] bounds = new double[count];
        double[] missing = new double[count];
        double[] rounding = new double[count];
        for (int carrier = 0; carrier < results.size(); carrier++) {
            float[] carried = turned(values, carrier);
            float[] before =
                    step == 0 || name.equals("none")
                            ? new float[count]
                            : results.get(carrier).residuals().get(step - 1);
            float[] after =
                    name.equals("none")
                            ? new float[count]
                            : results.get(carrier).residuals().get(step);
            for (int i = 0; i < count; i++) {
                expected[i] += (double) carried[i] + before[i];
                carried[i] += before[i];
                missing[i] += after[i];
                rounding[i] += results.size() * (double) Math.ulp(carried[i]);
            }
            double[] own = ErrorBound.ofCodec(name).of(carried);
            Arrays.setAll(bounds, i -> bounds[i] + own[i]);
        }
        float[] sums = results.get(0).sums().get(step);
        for (Result result : results) {
            assertThat(Floats.bits(result.sums().get(step))).as(what).isEqualTo(Floats.bits(sums));
        }
        for (int i = 0; i < count; i++) {
            double error = Math.abs(sums[i] - expected[i]);
            assertThat(error)
                    .as("%s, element %d", what, i)
                    .isLessThanOrEqualTo(bounds[i] + rounding[i]);
            double lost = Math.abs(sums[i] + missing[i] - expected[i]);
            assertThat(lost).as("%s, residual %d", what, i).isLessThanOrEqualTo(rounding[i]);
        }
    }

    static Stream<Arguments> codecsAndSizes() {
        return Stream.concat(CODECS.stream(), Stream.of("powersgd:1", "powersgd:4", "powersgd:99"))
                .flatMap(codec -> Stream.of(1, 2, 3, 4).map(size -> Arguments.of(codec, size)));
    }

    /** The rounding to whole elements is of less than one for each of the all-reduces. */
    @ParameterizedTest
    @MethodSource("codecsAndSizes")
    void bytesSent_areThoseThatTheExchangeSaw(String name, int size) {
        BucketLayout layout =
                BucketLayout.ofShapes(new long[] {50, 3, 3, 3}, new long[] {50}, new long[] {});
        float[] values = Floats.normal(layout.elementCount(), 1, 1);
        double seen = run(name, size, layout, values).get(0).bytesSent() / STEPS;
        double announced = Codecs.parse(name).bytesSent(layout, size);
        assertThat(announced).isBetween(seen - 1e-6, seen + 2 * Float.BYTES);
        if (!name.equals("none") && !name.startsWith("powersgd")) {
            assertThat(announced).isEqualTo(seen);
        }
    }

    @ParameterizedTest
    @MethodSource("codecsAndSizes")
    void sumsOfMatrices_areEqualOnAllCarriers_andTheResidualIsWhatIsMissing(String name, int size) {
        BucketLayout layout =
                BucketLayout.ofShapes(
                        new long[] {40, 60}, new long[] {50}, new long[] {9, 4, 3, 3});
        float[] values = Floats.normal(layout.elementCount(), 1, size);
        List<Result> results = run(name, size, layout, values);
        for (int step = 0; step < STEPS; step++) {
            float[] sums = results.get(0).sums().get(step);
            double[] balance = new double[sums.length];
            for (int carrier = 0; carrier < size; carrier++) {
                Result result = results.get(carrier);
                assertThat(Floats.bits(result.sums().get(step))).isEqualTo(Floats.bits(sums));
                float[] carried = turned(values, carrier);
                for (int i = 0; i < sums.length && !name.equals("none"); i++) {
                    double before = step == 0 ? 0 : result.residuals().get(step - 1)[i];
                    balance[i] += before + carried[i] - result.residuals().get(step)[i];
                }
            }
            for (int i = 0; i < sums.length && !name.equals("none"); i++) {
                // Values of about 1, products of a few of them, up to 4 carriers.
                assertThat((double) sums[i]).isCloseTo(balance[i], offset(2e-5));
            }
        }
    }
}
