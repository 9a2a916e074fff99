package org.jhorovod.djl;

/**
 * The order of samples that the ranks share out in one pass.
 *
 * @param pass its number in the training
 * @param samples how many it has; 0 where the data cannot be divided
 * @param offset how many of them come before those that are shared out: what an attempt before has
 *     stepped
 * @param batchSamples how many samples all ranks together take in a batch each
 * @param fingerprint tells one order from another
 */
record PassOrder(long pass, long samples, long offset, long batchSamples, long fingerprint) {

    /** Of data that every rank works through by itself. */
    static PassOrder unknown(long pass) {
        return new PassOrder(pass, 0, 0, 0, 0);
    }

    /** How many of the samples have been handed out with so many batches a rank. */
    long handedOut(long batches) {
        return Math.min(samples, offset + batches * batchSamples);
    }
}
