package org.jhorovod.allreduce.control;

/**
 * What is known of a peer at one moment.
 *
 * @param lastSequence the last operation that it told of; zero before its first
 * @param lastSubmitted that operation in words
 * @param lastHeardNanos when its last message came
 */
record PeerStatus(
        int rank,
        String host,
        Presence presence,
        long lastSequence,
        String lastSubmitted,
        long lastHeardNanos) {

    /** Whether a peer takes part. */
    enum Presence {
        /** It is expected to send heartbeats. */
        WATCHED,
        /** It has said goodbye. */
        LEFT,
        /** Its connection has ended without a goodbye. */
        GONE
    }

    /** A peer that has just been met. */
    static PeerStatus met(int rank, String host, long nowNanos) {
        return new PeerStatus(rank, host, Presence.WATCHED, 0, Submitted.NOTHING, nowNanos);
    }

    /** What is known once it has said this too. */
    PeerStatus after(ControlMessage message, long nowNanos) {
        if (message instanceof ControlMessage.Heartbeat m) {
            return new PeerStatus(rank, host, presence, m.sequence(), m.lastSubmitted(), nowNanos);
        } else if (message instanceof ControlMessage.Goodbye m) {
            return new PeerStatus(rank, host, Presence.LEFT, m.sequence(), lastSubmitted, nowNanos);
        }
        return new PeerStatus(rank, host, presence, lastSequence, lastSubmitted, nowNanos);
    }

    /** What is known once its connection has ended; who has left before is not gone. */
    PeerStatus afterEnd() {
        return presence == Presence.WATCHED
                ? new PeerStatus(
                        rank, host, Presence.GONE, lastSequence, lastSubmitted, lastHeardNanos)
                : this;
    }

    /** Whether it has left without taking part in the given operation. */
    boolean hasLeftBefore(long sequence) {
        return presence == Presence.LEFT && lastSequence < sequence;
    }

    /** Whether it should have sent a heartbeat by now. */
    boolean isSilent(long nowNanos, long livenessTimeoutNanos) {
        return presence == Presence.WATCHED && nowNanos - lastHeardNanos > livenessTimeoutNanos;
    }

    String name() {
        return "Rank " + rank + " on " + host;
    }

    /** What it has submitted last, with its number, as the end of a sentence. */
    String describeOperation() {
        return "operation %d, %s".formatted(lastSequence, lastSubmitted);
    }
}
