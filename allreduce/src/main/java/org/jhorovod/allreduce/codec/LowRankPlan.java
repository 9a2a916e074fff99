package org.jhorovod.allreduce.codec;

import java.util.ArrayList;
import java.util.List;

/**
 * Which parts of a bucket PowerSGD sends as factors, which in full, and where they lie.
 *
 * @param full spans of the bucket that travel as they are, one after another in front of the P
 * @param matrices the others
 * @param elementCount of the bucket
 * @param firstCount the elements of the first all-reduce: what is full, and all P
 * @param secondCount the elements of the second: all Q
 */
record LowRankPlan(
        List<Span> full, List<Matrix> matrices, int elementCount, int firstCount, int secondCount) {

    /** Elements of the bucket. */
    record Span(int start, int count) {}

    /**
     * A matrix of the bucket. Its factors are stored transposed, a row for each column of P and Q,
     * so that all loops run along memory.
     *
     * @param start its first element in the bucket
     * @param pStart where P begins in the first all-reduce
     * @param qStart where Q begins in the second
     */
    record Matrix(int start, int rows, int columns, int rank, int pStart, int qStart) {}

    /** A part is worth two factors if they have fewer elements. */
    static LowRankPlan of(BucketLayout layout, int rank) {
        List<Span> full = new ArrayList<>();
        List<BucketLayout.Part> thin = new ArrayList<>();
        List<Integer> starts = new ArrayList<>();
        int start = 0;
        int p = 0;
        for (BucketLayout.Part part : layout.parts()) {
            int count = part.elementCount();
            if (isWorthFactors(part, rank)) {
                thin.add(part);
                starts.add(start);
            } else if (count > 0) {
                full.add(new Span(start, count));
                p += count;
            }
            start += count;
        }
        List<Matrix> matrices = new ArrayList<>();
        int q = 0;
        for (int i = 0; i < thin.size(); i++) {
            BucketLayout.Part part = thin.get(i);
            int own = rankOf(part, rank);
            matrices.add(new Matrix(starts.get(i), part.rows(), part.columns(), own, p, q));
            p += own * part.rows();
            q += own * part.columns();
        }
        return new LowRankPlan(List.copyOf(full), List.copyOf(matrices), start, p, q);
    }

    private static int rankOf(BucketLayout.Part part, int rank) {
        return Math.min(rank, Math.min(part.rows(), part.columns()));
    }

    private static boolean isWorthFactors(BucketLayout.Part part, int rank) {
        long factors = (long) rankOf(part, rank) * (part.rows() + (long) part.columns());
        return factors < part.elementCount();
    }
}
