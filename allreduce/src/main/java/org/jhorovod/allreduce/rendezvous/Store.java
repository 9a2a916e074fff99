package org.jhorovod.allreduce.rendezvous;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A small table of bytes that all processes of a job share; enough to exchange addresses and to say
 * who was lost. Keys have at most 512 bytes in UTF-8 and values at most 64 KiB. Safe for use by
 * several threads.
 *
 * <p>Every call ends within its timeout or throws {@link StoreException}.
 */
public interface Store extends AutoCloseable {

    /** Puts a value, whatever was there. */
    void set(String key, byte[] value, Duration timeout);

    /** The value now, if there is one. */
    Optional<byte[]> get(String key, Duration timeout);

    /** Adds to a counter, which starts at 0, and returns its new value. */
    long add(String key, long amount, Duration timeout);

    /**
     * Puts a value only where the present one is as expected; null expects that there is none.
     *
     * @return whether the value was put
     */
    boolean compareAndSet(String key, byte @Nullable [] expected, byte[] value, Duration timeout);

    /**
     * Blocks until the key has a value, and returns it.
     *
     * @throws StoreException if it has none when the timeout ends
     */
    byte[] await(String key, Duration timeout);

    @Override
    void close();
}
