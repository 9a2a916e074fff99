package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/*
 * PowerSGD [1], one step of a power iteration for each reduction. For each matrix M of the bucket,
 * a carrier's values and residual:
 *
 *   P = M Q                      rows x rank, Q from the time before
 *   all-reduce P, together with what travels in full
 *   orthogonalise P              the same on all carriers
 *   Q = M^T P                    columns x rank
 *   residual = M - P Q^T         what this carrier did not send
 *   all-reduce Q                 kept for the next time
 *   values = P Q^T               as P is common, the sum of what the carriers sent
 *
 * The paper's residual lacks the mean of what was sent from M; here each lacks its own, which has
 * the same sum over the carriers, and is the smaller: what is left of a projection.
 *
 * Q is brought to unit length before it is used, as only its directions matter; so P is no larger
 * than M, and not the square of it. A column of Q without a direction (of zeros, as at first, or
 * after a NaN) starts from fixed numbers, the same everywhere.
 *
 * [1] Vogels, Karimireddy, Jaggi: PowerSGD: Practical low-rank gradient compression for distributed
 *     optimization, arXiv 1905.13727, 2019.
 */
/** PowerSGD at work on a bucket. */
final class PowerSgdBucket implements BucketCodec {
    private final LowRankPlan plan;
    private final Carried carried;
    private final int fullCount;
    private final float[] window = new float[Carried.WINDOW];

    // What is full, then P, in both; and Q.
    private final float[] first;
    private final float[] second;
    private final ByteBuffer firstBytes;
    private final ByteBuffer secondBytes;
    private final FloatBuffer firstFloats;
    private final FloatBuffer secondFloats;

    PowerSgdBucket(LowRankPlan plan, ErrorFeedback feedback) {
        this.plan = plan;
        this.carried = new Carried(plan.elementCount(), feedback);
        this.fullCount = plan.full().stream().mapToInt(LowRankPlan.Span::count).sum();
        this.first = new float[plan.firstCount()];
        this.second = new float[plan.secondCount()];
        this.firstBytes = allocate(first.length);
        this.secondBytes = allocate(second.length);
        this.firstFloats = firstBytes.asFloatBuffer();
        this.secondFloats = secondBytes.asFloatBuffer();
    }

    private static ByteBuffer allocate(int elementCount) {
        return ByteBuffer.allocateDirect(Float.BYTES * elementCount).order(ByteOrder.nativeOrder());
    }

    @Override
    public void reduce(ByteBuffer values, Exchange exchange) {
        FloatBuffer floats = Carried.floats(values, plan.elementCount());
        carried.add(floats);
        takeFull();
        for (LowRankPlan.Matrix matrix : plan.matrices()) {
            LowRank.prepare(matrix, second);
            LowRank.multiply(matrix, carried.elements(), second, first);
        }
        allReduce(first, firstFloats, firstBytes, exchange);
        putFull(floats);
        for (LowRankPlan.Matrix matrix : plan.matrices()) {
            LowRank.orthogonalise(matrix, first);
            LowRank.multiplyTransposed(matrix, carried.elements(), first, second);
            LowRank.subtractProduct(matrix, first, second, carried.elements());
            Carried.dropNonFinite(
                    carried.elements(), matrix.start(), matrix.rows() * matrix.columns());
        }
        allReduce(second, secondFloats, secondBytes, exchange);
        for (LowRankPlan.Matrix matrix : plan.matrices()) {
            putProduct(matrix, floats);
        }
    }

    private static void allReduce(
            float[] elements, FloatBuffer floats, ByteBuffer bytes, Exchange exchange) {
        if (elements.length == 0) {
            return;
        }
        floats.put(0, elements);
        exchange.allReduce(bytes.clear());
        floats.get(0, elements);
    }

    private void takeFull() {
        int to = 0;
        for (LowRankPlan.Span span : plan.full()) {
            System.arraycopy(carried.elements(), span.start(), first, to, span.count());
            Arrays.fill(carried.elements(), span.start(), span.start() + span.count(), 0);
            to += span.count();
        }
    }

    private void putFull(FloatBuffer values) {
        Carried.unifyNans(first, fullCount);
        int from = 0;
        for (LowRankPlan.Span span : plan.full()) {
            values.put(span.start(), first, from, span.count());
            from += span.count();
        }
    }

    private void putProduct(LowRankPlan.Matrix matrix, FloatBuffer values) {
        for (int row = 0; row < matrix.rows(); row++) {
            int start = matrix.start() + row * matrix.columns();
            for (int column = 0; column < matrix.columns(); column += Carried.WINDOW) {
                int count = Math.min(Carried.WINDOW, matrix.columns() - column);
                LowRank.productOfRow(matrix, first, second, row, column, window, count);
                Carried.unifyNans(window, count);
                values.put(start + column, window, 0, count);
            }
        }
    }

    @Override
    public FloatBuffer residual() {
        return carried.residual();
    }

    @Override
    public FloatBuffer factors() {
        return FloatBuffer.wrap(second);
    }
}
