package org.jhorovod.allreduce.collective;

/**
 * What a rank has sent over its control connections, to all peers together.
 *
 * @param heartbeats which go to each peer every second or more often
 * @param messages other than heartbeats: names that were submitted and the steps agreed on, what is
 *     recorded for a timeline, the reason of a failure, the goodbye
 * @param bytes of these messages, as they are framed, before they are encrypted
 */
public record ControlTraffic(long heartbeats, long messages, long bytes) {
    /** Nothing. */
    public static final ControlTraffic NONE = new ControlTraffic(0, 0, 0);

    /** What was sent since an earlier look. */
    public ControlTraffic since(ControlTraffic earlier) {
        return new ControlTraffic(
                heartbeats - earlier.heartbeats,
                messages - earlier.messages,
                bytes - earlier.bytes);
    }
}
