package org.jhorovod.allreduce.codec;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Products of a matrix M with thin matrices P and Q, which are stored transposed. Pure functions of
 * the arrays; the same bits on every machine, as Java's arithmetic is.
 */
final class LowRank {
    private static final long SEED = 0x1905_13727L;

    // What is left of a column after those before it are taken out of it, in units of the column,
    // where it is nothing but rounding: P has 24 bits.
    private static final double NOISE = 1e-5;

    private LowRank() {}

    /** Brings each column of Q to unit length, from a fixed start where it has no direction. */
    static void prepare(LowRankPlan.Matrix matrix, float[] q) {
        for (int j = 0; j < matrix.rank(); j++) {
            int start = matrix.qStart() + j * matrix.columns();
            double length = length(q, start, matrix.columns());
            if (!(length > 0 && length <= Double.MAX_VALUE)) {
                seed(q, start, matrix.columns());
                length = length(q, start, matrix.columns());
            }
            divide(q, start, matrix.columns(), length);
        }
    }

    private static void seed(float[] q, int start, int count) {
        SplittableRandom random = new SplittableRandom(SEED + start);
        for (int i = start; i < start + count; i++) {
            q[i] = (float) (random.nextDouble() - 0.5);
        }
    }

    private static double length(float[] a, int start, int count) {
        return Math.sqrt(dot(a, start, a, start, count));
    }

    private static void divide(float[] a, int start, int count, double by) {
        for (int i = start; i < start + count; i++) {
            a[i] = (float) (a[i] / by);
        }
    }

    /** In double, so that neither squares of large nor of tiny numbers leave the range. */
    private static double dot(float[] a, int aStart, float[] b, int bStart, int count) {
        double even = 0;
        double odd = 0;
        int i = 0;
        for (; i < count - 1; i += 2) {
            even += (double) a[aStart + i] * b[bStart + i];
            odd += (double) a[aStart + i + 1] * b[bStart + i + 1];
        }
        if (i < count) {
            even += (double) a[aStart + i] * b[bStart + i];
        }
        return even + odd;
    }

    /** P = M Q. */
    static void multiply(LowRankPlan.Matrix matrix, float[] m, float[] q, float[] p) {
        int columns = matrix.columns();
        for (int row = 0; row < matrix.rows(); row++) {
            int start = matrix.start() + row * columns;
            for (int j = 0; j < matrix.rank(); j++) {
                p[matrix.pStart() + j * matrix.rows() + row] =
                        (float) dot(m, start, q, matrix.qStart() + j * columns, columns);
            }
        }
    }

    /**
     * Makes the columns of P orthogonal to each other and of unit length (Gram-Schmidt, modified).
     * A column that depends on those before it becomes 0; one with anything not finite, NaN.
     */
    static void orthogonalise(LowRankPlan.Matrix matrix, float[] p) {
        int rows = matrix.rows();
        for (int j = 0; j < matrix.rank(); j++) {
            int column = matrix.pStart() + j * rows;
            double before = length(p, column, rows);
            for (int i = 0; i < j; i++) {
                int earlier = matrix.pStart() + i * rows;
                subtract(p, earlier, dot(p, earlier, p, column, rows), column, rows);
            }
            double left = length(p, column, rows);
            if (Double.isNaN(left) || Double.isInfinite(left)) {
                Arrays.fill(p, column, column + rows, Float.NaN);
            } else if (left <= NOISE * before) {
                Arrays.fill(p, column, column + rows, 0);
            } else {
                divide(p, column, rows, left);
            }
        }
    }

    private static void subtract(float[] p, int from, double factor, int to, int count) {
        for (int i = 0; i < count; i++) {
            p[to + i] = (float) (p[to + i] - factor * p[from + i]);
        }
    }

    /** Q = M^T P. */
    static void multiplyTransposed(LowRankPlan.Matrix matrix, float[] m, float[] p, float[] q) {
        int columns = matrix.columns();
        Arrays.fill(q, matrix.qStart(), matrix.qStart() + matrix.rank() * columns, 0);
        for (int row = 0; row < matrix.rows(); row++) {
            int start = matrix.start() + row * columns;
            for (int j = 0; j < matrix.rank(); j++) {
                float factor = p[matrix.pStart() + j * matrix.rows() + row];
                addScaled(m, start, factor, q, matrix.qStart() + j * columns, columns);
            }
        }
    }

    /** M = M - P Q^T. */
    static void subtractProduct(LowRankPlan.Matrix matrix, float[] p, float[] q, float[] m) {
        int columns = matrix.columns();
        for (int row = 0; row < matrix.rows(); row++) {
            int start = matrix.start() + row * columns;
            for (int j = 0; j < matrix.rank(); j++) {
                float factor = -p[matrix.pStart() + j * matrix.rows() + row];
                addScaled(q, matrix.qStart() + j * columns, factor, m, start, columns);
            }
        }
    }

    /** Some columns of a row of P Q^T. */
    static void productOfRow(
            LowRankPlan.Matrix matrix,
            float[] p,
            float[] q,
            int row,
            int column,
            float[] to,
            int count) {
        Arrays.fill(to, 0, count, 0);
        for (int j = 0; j < matrix.rank(); j++) {
            float factor = p[matrix.pStart() + j * matrix.rows() + row];
            addScaled(q, matrix.qStart() + j * matrix.columns() + column, factor, to, 0, count);
        }
    }

    private static void addScaled(
            float[] from, int fromStart, float factor, float[] to, int toStart, int count) {
        for (int i = 0; i < count; i++) {
            to[toStart + i] += factor * from[fromStart + i];
        }
    }
}
