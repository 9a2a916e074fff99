package org.jhorovod.examples;

import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Tensor;

/**
 * What one rank measures on: an input, and as much memory to work in. Each row uses as much of it
 * as it needs, from the front. Used by one thread.
 */
interface PerfMemory extends AutoCloseable {

    /** Where the elements lie, for the header. */
    String name();

    /** Memory of the host for the next input; {@link #load} brings it to where it is needed. */
    HostTensor input(DataType type, long elementCount);

    /** Takes the input that has been put into the host's memory. */
    void load(long byteCount);

    /** Copies the input to where all-reduce works. */
    void copyInput(long byteCount);

    /** What all-reduce works on. */
    Tensor work(DataType type, long elementCount);

    /** What the work has become, in memory of the host; may overwrite the input. */
    HostTensor result(DataType type, long elementCount);

    @Override
    void close();
}
