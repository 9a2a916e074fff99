package org.jhorovod.djl;

/**
 * What a rank has of a step's samples.
 *
 * @param samples how many this rank's gradients are a mean of; 0 if it has none
 * @param total of the samples of all ranks; 0 where it is known only once the buckets are summed
 * @param isEqual whether it is known that all ranks have as many
 */
record Share(long samples, long total, boolean isEqual) {

    /** Where the total is not known yet. */
    static Share of(long samples) {
        return new Share(samples, 0, false);
    }

    /** What this rank's gradients weigh in the mean over all samples; the total must be known. */
    double weight() {
        return (double) samples / total;
    }
}
