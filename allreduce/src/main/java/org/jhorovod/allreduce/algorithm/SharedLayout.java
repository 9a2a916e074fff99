package org.jhorovod.allreduce.algorithm;

/**
 * Where in a rank's payload what lies while ranks reduce a slice: first its parts of the shards of
 * all others, and behind them its own shard's result.
 *
 * @param size how many ranks share memory
 * @param shardBytes the room for a part of a shard
 */
record SharedLayout(int size, int shardBytes) {
    private static final int ALIGNMENT = 64;

    /** The largest shards for which a payload has room. */
    static SharedLayout of(int payloadBytes, int size) {
        return new SharedLayout(size, payloadBytes / size / ALIGNMENT * ALIGNMENT);
    }

    /** The most bytes of a tensor that are reduced at once. */
    long sliceBytes() {
        return (long) shardBytes * size;
    }

    /** Where in a rank's payload its part of an other rank's shard lies: its own has no place. */
    int placeOf(int shard, int inPayloadOf) {
        return (shard < inPayloadOf ? shard : shard - 1) * shardBytes;
    }

    /**
     * Where the result of the own shard lies; before it, all the room is free for anything else.
     */
    int placeOfResult() {
        return (size - 1) * shardBytes;
    }
}
