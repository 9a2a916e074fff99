package org.jhorovod.allreduce.rendezvous;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a surviving rank tells the launcher.
 *
 * @param lostRank the rank that it misses
 * @param message what its program is told
 */
public record LostReport(int lostRank, String message) {

    /** The report as a store value. */
    public byte[] encode() {
        byte[] text = message.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + text.length).putInt(lostRank).put(text).array();
    }

    /** The report in a store value. */
    public static LostReport decode(byte[] value) {
        ByteBuffer buffer = ByteBuffer.wrap(value);
        int rank = buffer.getInt();
        return new LostReport(rank, StandardCharsets.UTF_8.decode(buffer).toString());
    }
}
