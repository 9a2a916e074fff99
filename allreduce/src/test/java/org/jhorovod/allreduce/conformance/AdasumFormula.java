package org.jhorovod.allreduce.conformance;

import java.util.Arrays;

/** Adasum of two vectors as it stands in the paper, for comparison. */
public final class AdasumFormula {
    private AdasumFormula() {}

    /** Of two vectors of as many elements, neither of them zero. */
    public static double[] of(double[] a, double[] b) {
        double[] result = new double[a.length];
        double ofA = 1 - dot(a, b) / (2 * dot(a, a));
        double ofB = 1 - dot(a, b) / (2 * dot(b, b));
        Arrays.setAll(result, i -> ofA * a[i] + ofB * b[i]);
        return result;
    }

    private static double dot(double[] a, double[] b) {
        double dot = 0;
        for (int i = 0; i < a.length; i++) {
            dot += a[i] * b[i];
        }
        return dot;
    }
}
