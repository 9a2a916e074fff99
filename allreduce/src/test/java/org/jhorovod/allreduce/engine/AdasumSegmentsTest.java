package org.jhorovod.allreduce.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.conformance.AdasumFormula;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdasumSegmentsTest {

    /** As if one rank had all segments. */
    private static double[] combined(double[]... vectors) {
        AdasumSegments segments =
                new AdasumSegments(
                        Arrays.stream(vectors).map(double[]::clone).toArray(double[][]::new));
        segments.scale(segments.largest());
        while (!segments.areOne()) {
            segments.combine(segments.products());
        }
        return segments.result();
    }

    private static double[] random(Random random, int count) {
        return random.doubles(count, -1, 1).toArray();
    }

    private static void assertClose(double[] actual, double[] expected) {
        double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(1e-12 * scale));
        }
    }

    @Test
    void case32_orthogonalVectorsAdd_andTheSameOnesAverage() {
        double[] a = {3, 0, 4, 0};
        double[] b = {0, -2, 0, 7};
        assertThat(combined(a, b)).containsExactly(3, -2, 4, 7);
        assertThat(combined(a, a)).containsExactly(a);
        assertThat(combined(a, a, b, b)).containsExactly(3, -2, 4, 7);
        assertThat(combined(a, new double[] {6, 0, 8, 0}))
                .as("parallel ones lie half between")
                .containsExactly(4.5, 0, 6, 0);
    }

    @Test
    void case32_aVectorOfZeros_changesNothing() {
        double[] a = {3, 0, 4};
        double[] zero = new double[3];
        assertThat(combined(a, zero)).containsExactly(a);
        assertThat(combined(zero, a, zero)).containsExactly(a);
        assertThat(combined(zero, zero, zero, zero, zero)).containsExactly(zero);
    }

    @Test
    void vectorsOfManyRanks_areCombinedInPairs_andAnOddOnePassesUp() {
        long seed = 7;
        Random random = new Random(seed);
        for (int count = 1; count <= 9; count++) {
            List<double[]> left = new ArrayList<>();
            for (int rank = 0; rank < count; rank++) {
                left.add(random(random, 5));
            }
            double[] actual = combined(left.toArray(double[][]::new));
            while (left.size() > 1) {
                List<double[]> next = new ArrayList<>();
                for (int i = 0; i < left.size(); i += 2) {
                    boolean isOdd = i + 1 == left.size();
                    next.add(isOdd ? left.get(i) : AdasumFormula.of(left.get(i), left.get(i + 1)));
                }
                left = next;
            }
            assertClose(actual, left.get(0));
        }
    }

    /** Of which the squares are not, even those of a float64. */
    @ParameterizedTest
    @ValueSource(doubles = {1e300, 1e-300, 1e200, 1e-200, Double.MIN_NORMAL, 1})
    void case32_tinyAndHugeVectors_areCombinedAsThoseOfUsualSize(double size) {
        double[][] vectors = new double[5][];
        double[][] scaled = new double[5][];
        Random random = new Random(3);
        for (int rank = 0; rank < vectors.length; rank++) {
            vectors[rank] = random(random, 11);
            scaled[rank] = Arrays.stream(vectors[rank]).map(x -> x * size).toArray();
        }
        double[] expected =
                Arrays.stream(combined(vectors)).map(element -> element * size).toArray();
        assertClose(combined(scaled), expected);
    }

    @Test
    void case32_aTinyVectorBesideAHugeOne_isNextToNothing() {
        double[] huge = {1e300, -1e300, 1e300};
        double[] tiny = {1e-300, -1e-300, 1e-300};
        double[] half = {5e299, -5e299, 5e299};
        assertClose(combined(huge, tiny), half);
        assertClose(combined(tiny, huge), half);
        assertThat(combined(new double[] {1e300, 0}, new double[] {0, 1}))
                .as("where they are orthogonal")
                .containsExactly(1e300, 1);
    }

    @Test
    void anElementThatIsNotFinite_makesAllNaN() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThat(combined(new double[] {1, bad}, new double[] {1, 2}))
                    .containsOnly(Double.NaN);
        }
    }
}
