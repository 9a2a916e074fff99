package org.jhorovod.allreduce.conformance;

import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;

/** The memory that the backend under test works on. Used by one thread of one rank. */
public interface TensorPlace extends AutoCloseable {

    /** Whether tensors lie in device memory. */
    boolean isOnDevice();

    /**
     * Makes a tensor with these elements; in host memory it may be the given one itself.
     *
     * @return to be given back to {@link #release}
     */
    Tensor put(HostTensor elements);

    /** A view of some elements of a tensor that {@link #put} made; not to be released. */
    Tensor part(Tensor whole, long firstElement, long elementCount);

    /**
     * The elements of a tensor in host memory, as they are after all collectives on it whose
     * futures are complete; blocks until then.
     */
    HostTensor fetch(Tensor tensor);

    /** Lets go what the place as a whole has taken. */
    @Override
    default void close() {}

    /** Lets the memory of a tensor go that {@link #put} made. */
    void release(Tensor tensor);
}
