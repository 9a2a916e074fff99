package org.jhorovod.allreduce.rendezvous;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A store inside one process: behind {@link StoreServer}, and for ranks that are threads. */
public final class MemoryStore implements Store {
    static final int MAX_KEY_BYTES = 512;
    static final int MAX_VALUE_BYTES = 64 * 1024;
    private static final int MAX_KEYS = 100_000;

    // Guarded by this.
    private final Map<String, byte[]> values = new HashMap<>();

    @Override
    public synchronized void set(String key, byte[] value, Duration timeout) {
        put(key, value);
    }

    @Override
    public synchronized Optional<byte[]> get(String key, Duration timeout) {
        return Optional.ofNullable(values.get(key)).map(byte[]::clone);
    }

    @Override
    public synchronized long add(String key, long amount, Duration timeout) {
        byte[] old = values.get(key);
        if (old != null && old.length != Long.BYTES) {
            throw new StoreException("The key '%s' holds no counter.".formatted(key));
        }
        long sum = (old == null ? 0 : ByteBuffer.wrap(old).getLong()) + amount;
        put(key, ByteBuffer.allocate(Long.BYTES).putLong(sum).array());
        return sum;
    }

    @Override
    public synchronized boolean compareAndSet(
            String key, byte @Nullable [] expected, byte[] value, Duration timeout) {
        if (!Arrays.equals(values.get(key), expected)) {
            return false;
        }
        put(key, value);
        return true;
    }

    @Override
    public synchronized byte[] await(String key, Duration timeout) {
        Deadline deadline = Deadline.after(timeout);
        byte[] value = values.get(key);
        while (value == null) {
            if (deadline.isOver()) {
                throw new StoreException(
                        "Nobody put '%s' into the store within %s.".formatted(key, timeout));
            }
            try {
                wait(Math.max(1, deadline.remainingMillis()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new StoreException("Interrupted while waiting for '%s'.".formatted(key), e);
            }
            value = values.get(key);
        }
        return value.clone();
    }

    private synchronized void put(String key, byte[] value) {
        if (key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES
                || value.length > MAX_VALUE_BYTES
                || values.size() >= MAX_KEYS) {
            throw new StoreException(
                    "The store takes keys of %d bytes, values of %d bytes and %d keys, at most; '%s' with %d bytes goes beyond."
                            .formatted(
                                    MAX_KEY_BYTES, MAX_VALUE_BYTES, MAX_KEYS, key, value.length));
        }
        values.put(key, value.clone());
        notifyAll();
    }

    @Override
    public void close() {}
}
