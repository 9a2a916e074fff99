package org.jhorovod.djl.local;

/**
 * What rounds took on a carrier once it knew what all sites said.
 *
 * @param exchangeNanos of their exchanges, in which a carrier may also have waited for another
 * @param bytes that this carrier sent in them
 * @param messages of them that waited for each other
 * @param packingNanos of all that was packed, there and back
 * @param packed elements
 */
public record RoundTimes(
        long exchangeNanos, long bytes, long messages, long packingNanos, long packed) {
    /** Of no rounds. */
    public static final RoundTimes NONE = new RoundTimes(0, 0, 0, 0, 0);

    /** Both together. */
    public RoundTimes plus(RoundTimes other) {
        return new RoundTimes(
                exchangeNanos + other.exchangeNanos,
                bytes + other.bytes,
                messages + other.messages,
                packingNanos + other.packingNanos,
                packed + other.packed);
    }
}
