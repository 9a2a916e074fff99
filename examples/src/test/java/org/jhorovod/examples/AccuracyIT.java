package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two sites that pack what they send, or train by themselves for some steps, beside two that
 * average their gradients in each step: the accuracy of a CNN on Fashion-MNIST, and the bytes that
 * it costs. The long form ({@code -Plong}) has all codecs, and the full data set, whose 10,000 test
 * images tell half a point; the short one a sample on the bundled subset.
 */
@Timeout(7200)
class AccuracyIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final String DATA = IS_LONG ? "/usr/share/datasets/fashion-mnist" : "bundled";
    private static final int EPOCHS = IS_LONG ? 5 : 2;
    private static final int STEPS = IS_LONG ? 469 : 94; // a pass, of 128 images each
    private static final double NEAR = IS_LONG ? 0.005 : 0.04;
    private static final double FAR = 0.02;

    private static RankGroup group;
    private static End plain;

    /**
     * What a training ends with.
     *
     * @param sent bytes at this rank's sockets
     * @param ofOneExchange bytes of all parameters by the codec's formula
     */
    private record End(double accuracy, long sent, long ofOneExchange, String digest) {
        static End parse(String text) {
            List<String> words = Splitter.on(' ').splitToList(text);
            return new End(
                    Double.parseDouble(words.get(0)),
                    Long.parseLong(words.get(1)),
                    Long.parseLong(words.get(2)),
                    words.get(3));
        }
    }

    @BeforeAll
    static void trainPlainly() {
        Assumptions.assumeTrue(
                SocketBytes.isCounted(), "needs the program ss; see docker/packages.txt");
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_TRANSPORT",
                        "tcp",
                        "OMP_NUM_THREADS",
                        "1",
                        "OPT_OUT_TRACKING",
                        "true");
        group =
                RankGroup.start(
                        2,
                        List.of("-Dai.djl.offline=true"),
                        rank -> environment,
                        Duration.ofMinutes(IS_LONG ? 20 : 4));
        plain = train("none", "keeps", 0, "average");
    }

    @AfterAll
    static void endRanks() {
        if (group != null) {
            group.close();
        }
    }

    static Stream<String> codecs() {
        return IS_LONG
                ? Stream.of(
                        "none",
                        "float16",
                        "bfloat16",
                        "int8",
                        "int4",
                        "topk:0.01",
                        "topk:0.05",
                        "powersgd:2",
                        "powersgd:4")
                : Stream.of("int8", "topk:0.01");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void packedGradients_reachTheAccuracyOfFullOnes_inTheBytesOfTheFormula(String codec) {
        End end = train(codec, "keeps", 0, "average");

        assertThat(end.sent())
                .isCloseTo(
                        (long) EPOCHS * STEPS * end.ofOneExchange(), Percentage.withPercentage(5));
        assertThat(end.accuracy()).isGreaterThan(plain.accuracy() - NEAR);
    }

    static Stream<Arguments> localSteps() {
        Stream<Arguments> always = Stream.of(Arguments.of(8, "average"));
        return IS_LONG
                ? Stream.concat(
                        always,
                        Stream.of(
                                Arguments.of(32, "average"),
                                Arguments.of(128, "average"),
                                Arguments.of(8, "nesterov:0.7,0.9"),
                                Arguments.of(32, "nesterov:0.7,0.9")))
                : always;
    }

    @ParameterizedTest
    @MethodSource("localSteps")
    void localSteps_reachTheAccuracyOfStepsInLock_inTheBytesOfTheFormula(
            int steps, String outerOptimizer) {
        End end = train("none", "keeps", steps, outerOptimizer);

        long rounds = EPOCHS * ((STEPS + steps - 1L) / steps); // the last of a pass is shorter
        assertThat(end.sent())
                .isCloseTo(rounds * end.ofOneExchange(), Percentage.withPercentage(5));
        assertThat(end.accuracy()).isGreaterThan(plain.accuracy() - NEAR);
    }

    @ParameterizedTest
    @ValueSource(strings = "topk:0.01")
    void codecThatForgetsWhatItLost_fallsShort(String codec) {
        assertThat(train(codec, "forgets", 0, "average").accuracy())
                .isLessThan(plain.accuracy() - FAR);
    }

    private static End train(String codec, String feedback, int localSteps, String outerOptimizer) {
        List<End> ends =
                group
                        .run(
                                AccuracyCase.class,
                                codec,
                                feedback,
                                Integer.toString(localSteps),
                                outerOptimizer,
                                Integer.toString(EPOCHS),
                                DATA)
                        .stream()
                        .map(End::parse)
                        .toList();
        assertThat(ends.get(1).digest()).as("of both ranks").isEqualTo(ends.get(0).digest());
        End end = ends.get(0);
        System.out.printf(
                "%s, %s, %d local steps, %s: accuracy %.4f, %.1f MB sent%n",
                codec, feedback, localSteps, outerOptimizer, end.accuracy(), end.sent() / 1e6);
        return end;
    }
}
