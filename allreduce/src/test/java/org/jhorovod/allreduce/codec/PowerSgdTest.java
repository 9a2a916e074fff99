package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PowerSgdTest {
    private static final int ROWS = 30;
    private static final int COLUMNS = 50;
    private static final BucketLayout MATRIX = BucketLayout.ofShapes(new long[] {ROWS, COLUMNS});

    /** A matrix that is a product of two thin ones; each column has half the weight of the last. */
    private static float[] product(int rank) {
        float[] sum = new float[ROWS * COLUMNS];
        for (int j = 0; j < rank; j++) {
            float[] left = Floats.normal(ROWS, 1, 2L * j);
            float[] right = Floats.normal(COLUMNS, (float) Math.pow(0.5, j), 2L * j + 1);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += left[i / COLUMNS] * right[i % COLUMNS];
            }
        }
        return sum;
    }

    private static double distance(float[] a, float[] b) {
        double squares = 0;
        double whole = 0;
        for (int i = 0; i < a.length; i++) {
            squares += Math.pow(a[i] - b[i], 2);
            whole += Math.pow(b[i], 2);
        }
        return Math.sqrt(squares / whole);
    }

    private static BucketCodec open(int rank, BucketLayout layout, ErrorFeedback feedback) {
        return new PowerSgdCodec(rank).open(layout, feedback);
    }

    @Test
    void aMatrixOfTheRank_isSentWhole() {
        float[] matrix = product(3);
        for (int rank = 3; rank <= 5; rank++) {
            BucketCodec bucket = open(rank, MATRIX, ErrorFeedback.ON);
            for (int step = 0; step < 3; step++) {
                assertThat(distance(Floats.sent(bucket, matrix), matrix))
                        .as("rank %d, step %d", rank, step)
                        .isLessThan(1e-5);
            }
        }
    }

    /**
     * The best of two columns lacks 0.25 and less: sqrt(4^-2 + 4^-3 + ...) of sqrt(1 + 4^-1 ...).
     */
    @Test
    void aMatrixOfHigherRank_isApproachedByTheFactorsOfTheTimeBefore() {
        float[] matrix = product(8);
        BucketCodec bucket = open(2, MATRIX, ErrorFeedback.OFF);
        double first = distance(Floats.sent(bucket, matrix), matrix);
        double last = first;
        for (int step = 0; step < 20; step++) {
            last = distance(Floats.sent(bucket, matrix), matrix);
        }
        assertThat(last).isLessThan(0.3).isLessThan(0.95 * first);
    }

    @Test
    void theMeanOfAConstantGradient_isReached_withErrorFeedbackAlone() {
        float[] matrix = Floats.normal(ROWS * COLUMNS, 1, 4);
        assertThat(distanceOfTheMean(matrix, ErrorFeedback.ON)).isLessThan(0.05);
        assertThat(distanceOfTheMean(matrix, ErrorFeedback.OFF)).isGreaterThan(0.5);
    }

    private static double distanceOfTheMean(float[] matrix, ErrorFeedback feedback) {
        BucketCodec bucket = open(2, MATRIX, feedback);
        float[] mean = new float[matrix.length];
        for (int step = 0; step < 1000; step++) {
            float[] sent = Floats.sent(bucket, matrix);
            for (int i = 0; i < sent.length; i++) {
                mean[i] += sent[i] / 1000;
            }
        }
        return distance(mean, matrix);
    }

    @Test
    void vectorsAndSmallMatrices_travelInFull() {
        BucketLayout layout =
                BucketLayout.ofShapes(
                        new long[] {20}, new long[] {20, 30}, new long[] {2, 2}, new long[] {});
        float[] values = Floats.normal(625, 1, 6);
        BucketCodec bucket = open(2, layout, ErrorFeedback.ON);
        float[] sent = Floats.sent(bucket, values);
        for (int i = 0; i < 625; i++) {
            if (i < 20 || i >= 620) {
                assertThat(sent[i]).isEqualTo(values[i]);
                assertThat(bucket.residual().get(i)).isZero();
            }
        }
        assertThat(sent).isNotEqualTo(values);
    }

    @Test
    void aConvolutionsWeight_isAMatrixWithARowForEachOutput() {
        assertThat(BucketLayout.Part.ofShape(8, 4, 3, 2)).isEqualTo(new BucketLayout.Part(8, 24));
        assertThat(BucketLayout.Part.ofShape(8)).isEqualTo(new BucketLayout.Part(8, 1));
        assertThat(BucketLayout.Part.ofShape()).isEqualTo(new BucketLayout.Part(1, 1));
    }

    @Test
    void zeros_areSentAsZeros_andWhatFollowsThemAsItIs() {
        BucketCodec bucket = open(3, MATRIX, ErrorFeedback.ON);
        float[] zeros = new float[ROWS * COLUMNS];
        assertThat(Floats.sent(bucket, zeros)).isEqualTo(zeros);
        float[] matrix = product(3);
        assertThat(distance(Floats.sent(bucket, matrix), matrix)).isLessThan(1e-5);
    }

    @Test
    void tinyAndHugeMatrices_areSentAsWellAsOthers() {
        float[] matrix = product(3);
        for (float scale : new float[] {1e-36f, 1e30f}) {
            float[] scaled = matrix.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= scale;
            }
            BucketCodec bucket = open(3, MATRIX, ErrorFeedback.ON);
            Floats.sent(bucket, scaled);
            assertThat(distance(Floats.sent(bucket, scaled), scaled)).isLessThan(1e-4);
        }
    }
}
