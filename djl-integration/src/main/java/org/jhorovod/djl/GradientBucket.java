package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;

/**
 * Memory in which the gradients of several parameters travel together, weighed by the samples that
 * they are a mean of. Owned by the training thread, but for the tensor while it is reduced.
 */
interface GradientBucket extends AutoCloseable {

    /** The bucket's name on all ranks. */
    String name();

    /** What is summed over the ranks. */
    Tensor tensor();

    /** The parameters whose gradients lie in it, so that nothing has to be copied. */
    default List<NamedParameter> born() {
        return List.of();
    }

    /** What lies in it, if it may be packed on its way. */
    default Optional<GradientLayout> layout() {
        return Optional.empty();
    }

    /** Whether the samples of all ranks have to be counted before it can be filled. */
    boolean needsTotal();

    /**
     * Takes the gradients in; zeros, whatever they are, if this rank has no sample.
     *
     * @param share with the total, if this bucket needs it
     * @return how the tensor is to be reduced
     */
    Reduction fill(Share share);

    /**
     * Gives the means over all samples back as gradients.
     *
     * @param total of the samples of all ranks, more than 0
     */
    void drain(long total);

    @Override
    void close();
}
