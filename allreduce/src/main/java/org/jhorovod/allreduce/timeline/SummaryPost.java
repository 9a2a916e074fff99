package org.jhorovod.allreduce.timeline;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A value of the store has 64 KiB at most, so a summary lies there in pieces: JSON, compressed. Two sets of
 * keys are used in turn, and "head" says which one is whole; a writer that dies in the middle leaves the
 * one before.
 */
/** Carries summaries of a run from rank 0 to the launcher, by the store. Owned by one thread. */
public final class SummaryPost {
    private static final Logger logger = LoggerFactory.getLogger(SummaryPost.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int PIECE_BYTES = 60_000;
    private static final int MOST_PIECES = 64;
    private static final int MOST_JSON_BYTES = 1 << 26;

    private final Store store;
    private final int generation;
    private int number;

    /** For one formation of a job. */
    public SummaryPost(Store store, int generation) {
        this.store = store;
        this.generation = generation;
    }

    /**
     * Puts a summary in place of the last one; blocks for the store.
     *
     * @throws org.jhorovod.allreduce.rendezvous.StoreException if that is not there
     */
    void leave(RunSummary summary) {
        byte[] all = compressed(new Gson().toJson(summary).getBytes(StandardCharsets.UTF_8));
        int count = (all.length + PIECE_BYTES - 1) / PIECE_BYTES;
        if (count > MOST_PIECES) {
            logger.debug("A summary of {} bytes is too long for the store", all.length);
            return;
        }
        number++;
        for (int i = 0; i < count; i++) {
            int end = Math.min(all.length, (i + 1) * PIECE_BYTES);
            put(piece(number % 2, i), Arrays.copyOfRange(all, i * PIECE_BYTES, end));
        }
        put("head", (number % 2 + " " + count).getBytes(StandardCharsets.US_ASCII));
    }

    private void put(String part, byte[] value) {
        store.set(Keys.report(generation, part), value, TIMEOUT);
    }

    private static String piece(int set, int index) {
        return set + "/" + index;
    }

    private static byte[] compressed(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("bug: memory takes no bytes", e);
        }
        return out.toByteArray();
    }

    /** The last summary; empty if there is none, or none that can be read. */
    public Optional<RunSummary> find() {
        Optional<byte[]> head = store.get(Keys.report(generation, "head"), TIMEOUT);
        if (head.isEmpty()) {
            return Optional.empty();
        }
        try {
            String[] words = new String(head.get(), StandardCharsets.US_ASCII).split(" ", 2);
            int set = Integer.parseInt(words[0]);
            int count = Math.min(MOST_PIECES, Integer.parseInt(words[1]));
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int i = 0; i < count; i++) {
                byte[] none = new byte[0];
                all.writeBytes(
                        store.get(Keys.report(generation, piece(set, i)), TIMEOUT).orElse(none));
            }
            return Optional.of(read(all.toByteArray()));
        } catch (IOException | RuntimeException e) {
            logger.warn("The summary of the run cannot be read: {}", e.toString());
            return Optional.empty();
        }
    }

    private static RunSummary read(byte[] compressed) throws IOException {
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
            byte[] bytes = gzip.readNBytes(MOST_JSON_BYTES);
            RunSummary read =
                    new Gson()
                            .fromJson(new String(bytes, StandardCharsets.UTF_8), RunSummary.class);
            if (read == null) {
                throw new JsonParseException("it is empty");
            }
            return read;
        }
    }
}
