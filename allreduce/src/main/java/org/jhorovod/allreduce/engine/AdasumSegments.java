package org.jhorovod.allreduce.engine;

/*
 * Adasum [1] makes of two vectors a and b
 *
 *   a (1 - a·b / 2a·a) + b (1 - a·b / 2b·b)
 *
 * which is their sum where they are orthogonal, and their average where they are the same. More vectors
 * are a tree over the ranks: neighbours become one, level by level, and an odd last one passes up. A
 * vector of zeros changes nothing.
 *
 * segment   the part of a vector that this rank combines, for all ranks
 * products  a·a, a·b and b·b of each pair: of this rank's segments, or of all, when they have been summed
 * exponent  a vector is its elements here times 2 to this: 0, but for very large or small elements of
 *           float64. Squares of all other types are safe in float64.
 *
 * [1] Maleki et al.: Scaling distributed training with adaptive summation, arXiv 2006.02924, 2020.
 */
/** The segments of the ranks' vectors in Adasum's tree, which become one. For one thread. */
final class AdasumSegments {
    private static final int PRODUCTS = 3;
    // Squares of 2 to this, and sums of them, are far from both ends of float64.
    private static final int SAFE_EXPONENT = 400;

    private final double[][] vectors;
    private final int[] exponents;
    private int count;

    /**
     * Takes over the segments.
     *
     * @param vectors of each rank, in rank order, as long as each other
     */
    AdasumSegments(double[][] vectors) {
        this.vectors = vectors;
        this.exponents = new int[vectors.length];
        this.count = vectors.length;
    }

    /** Whether there is nothing left to combine. */
    boolean areOne() {
        return count == 1;
    }

    /** The largest element of each segment, without its sign; NaN where one is. */
    double[] largest() {
        double[] largest = new double[count];
        for (int i = 0; i < count; i++) {
            for (double element : vectors[i]) {
                largest[i] = Math.max(largest[i], Math.abs(element));
            }
        }
        return largest;
    }

    /**
     * Scales each vector whose squares might not be finite, or be 0, so that its elements are less
     * than 2.
     *
     * @param largest of all segments of each vector
     */
    void scale(double[] largest) {
        for (int i = 0; i < count; i++) {
            int exponent = Math.getExponent(largest[i]);
            boolean isNumber = largest[i] > 0 && largest[i] <= Double.MAX_VALUE;
            if (isNumber && Math.abs(exponent) > SAFE_EXPONENT) {
                exponents[i] = exponent;
                multiply(vectors[i], Math.scalb(1.0, -exponent));
            }
        }
    }

    private static void multiply(double[] vector, double factor) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= factor;
        }
    }

    /** The products of each pair, of these segments. */
    double[] products() {
        double[] products = new double[count / 2 * PRODUCTS];
        for (int pair = 0; pair < count / 2; pair++) {
            double[] a = vectors[2 * pair];
            double[] b = vectors[2 * pair + 1];
            double aa = 0;
            double ab = 0;
            double bb = 0;
            for (int i = 0; i < a.length; i++) {
                aa += a[i] * a[i];
                ab += a[i] * b[i];
                bb += b[i] * b[i];
            }
            products[pair * PRODUCTS] = aa;
            products[pair * PRODUCTS + 1] = ab;
            products[pair * PRODUCTS + 2] = bb;
        }
        return products;
    }

    /**
     * Goes a level up the tree.
     *
     * @param products of all segments
     */
    void combine(double[] products) {
        for (int pair = 0; pair < count / 2; pair++) {
            int place = pair * PRODUCTS;
            combine(pair, products[place], products[place + 1], products[place + 2]);
        }
        if (count % 2 == 1) {
            vectors[count / 2] = vectors[count - 1];
            exponents[count / 2] = exponents[count - 1];
        }
        count = (count + 1) / 2;
    }

    private void combine(int pair, double aa, double ab, double bb) {
        double[] a = vectors[2 * pair];
        double[] b = vectors[2 * pair + 1];
        int exponent = Math.max(exponents[2 * pair], exponents[2 * pair + 1]);
        double ofA = Math.scalb(1.0, exponents[2 * pair] - exponent);
        double ofB = Math.scalb(1.0, exponents[2 * pair + 1] - exponent);
        double timesA = ofA - half(ab, aa) * ofB;
        double timesB = ofB - half(ab, bb) * ofA;
        for (int i = 0; i < a.length; i++) {
            a[i] = timesA * a[i] + timesB * b[i];
        }
        vectors[pair] = a;
        exponents[pair] = exponent;
    }

    /** Of a vector of zeros nothing is taken away. */
    private static double half(double product, double square) {
        return square == 0 ? 0 : product / square / 2;
    }

    /** The one that is left. */
    double[] result() {
        for (int i = 0; i < vectors[0].length; i++) {
            vectors[0][i] = Math.scalb(vectors[0][i], exponents[0]);
        }
        return vectors[0];
    }
}
