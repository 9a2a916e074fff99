package org.jhorovod.allreduce.codec;

/** The bytes that one carrier sends around a ring. */
final class RingTraffic {
    private RingTraffic() {}

    /** Every other carrier's bytes, or the own, pass each link but one. */
    static long allGather(long ownBytes, int carriers) {
        return (carriers - 1) * ownBytes;
    }

    /** A reduce-scatter and an all-gather; the mean over the carriers, in whole elements. */
    static long allReduce(long elementCount, int carriers) {
        long passed = 2L * (carriers - 1) * elementCount;
        return Float.BYTES * ((passed + carriers - 1) / carriers);
    }
}
