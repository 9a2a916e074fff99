package org.jhorovod.allreduce.rendezvous;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a surviving rank tells the launcher.
 *
 * @param lostRank the rank that it misses
 * @param message what its program is told
 */
public record LostReport(int lostRank, String message) {
    private static final Logger logger = LoggerFactory.getLogger(LostReport.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** Puts the report where the launcher looks for it, if the store is still there. */
    public void leaveIn(Store store, int generation, int reporter) {
        try {
            store.set(Keys.lost(generation, reporter), encode(), TIMEOUT);
        } catch (StoreException e) {
            logger.debug("Could not report a lost rank", e);
        }
    }

    /** The report as a store value. */
    public byte[] encode() {
        byte[] text = message.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + text.length).putInt(lostRank).put(text).array();
    }

    /** The report in a store value; empty if it is none. */
    public static Optional<LostReport> decode(byte[] value) {
        if (value.length < Integer.BYTES) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(value);
        int rank = buffer.getInt();
        return Optional.of(new LostReport(rank, StandardCharsets.UTF_8.decode(buffer).toString()));
    }
}
