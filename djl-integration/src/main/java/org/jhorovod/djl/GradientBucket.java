package org.jhorovod.djl;

import org.jhorovod.allreduce.collective.Tensor;

/**
 * Memory in which the gradients of several parameters travel together, each times the number of
 * samples that it is a mean of. Owned by the training thread, but for the tensor while it is
 * reduced.
 */
interface GradientBucket extends AutoCloseable {

    /** The bucket's name on all ranks. */
    String name();

    /** What is summed over the ranks. */
    Tensor tensor();

    /**
     * Takes the gradients in.
     *
     * @param samples how many this rank's gradients are a mean of; 0 puts zeros
     */
    void fill(long samples);

    /**
     * Gives the sums over all ranks back as gradients.
     *
     * @param total of the samples of all ranks, more than 0
     */
    void drain(long total);

    @Override
    void close();
}
