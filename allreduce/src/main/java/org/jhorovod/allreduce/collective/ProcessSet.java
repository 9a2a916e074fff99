package org.jhorovod.allreduce.collective;

import java.util.List;

/**
 * Some of a job's ranks, with collectives of their own, which run beside those of the job and of
 * other sets. Made by {@link NamedCommunicator#addProcessSet}.
 */
public interface ProcessSet extends AutoCloseable {

    /** Its number, the same on all ranks: 1 for the first; 0 stands for all ranks of the job. */
    int id();

    /** Its ranks, as the job numbers them, in ascending order. */
    List<Integer> ranks();

    /** Whether this rank is in it. */
    boolean isMember();

    /**
     * Its collectives, in which ranks are numbered from 0 in the order of {@link #ranks}.
     *
     * @throws IllegalStateException if this rank is not in it, or it has been removed
     */
    NamedCommunicator communicator();

    /**
     * Removes it. A collective of all ranks of the job, not only of its own; blocks until all have
     * called it. Does nothing the second time.
     */
    @Override
    void close();
}
