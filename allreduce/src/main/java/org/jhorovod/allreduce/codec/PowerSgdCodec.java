package org.jhorovod.allreduce.codec;

/**
 * PowerSGD: matrices as products of two thin ones.
 *
 * @param rank the most columns of these
 */
record PowerSgdCodec(int rank) implements Codec {

    @Override
    public String name() {
        return "powersgd:" + rank;
    }

    @Override
    public BucketCodec open(BucketLayout layout, ErrorFeedback feedback) {
        return new PowerSgdBucket(LowRankPlan.of(layout, rank), feedback);
    }

    @Override
    public long bytesSent(BucketLayout layout, int carriers) {
        LowRankPlan plan = LowRankPlan.of(layout, rank);
        return RingTraffic.allReduce(plan.firstCount(), carriers)
                + RingTraffic.allReduce(plan.secondCount(), carriers);
    }
}
