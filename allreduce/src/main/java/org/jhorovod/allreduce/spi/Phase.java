package org.jhorovod.allreduce.spi;

/** A part of a collective, which a timeline shows inside it. */
public enum Phase {
    /** Around a ring: each rank comes to have one chunk of the sum. */
    RING_REDUCE_SCATTER,
    /** After that: these chunks go to all ranks. */
    RING_ALL_GATHER,
    /** By place: each carrier comes to have its shard of the host's sum. */
    INTRA_HOST_REDUCE_SCATTER,
    /** By place: a shard of all hosts' sum, over the network. */
    INTER_HOST_ALL_REDUCE,
    /** By place: these shards go to the ranks of the host. */
    INTRA_HOST_ALL_GATHER,
    /** In memory that all ranks see, where no copies are reduced by turns. */
    SHARED_MEMORY_REDUCE
}
