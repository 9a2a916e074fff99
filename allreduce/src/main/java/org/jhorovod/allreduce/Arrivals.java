package org.jhorovod.allreduce;

import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jspecify.annotations.Nullable;

/** Connections from other ranks that nobody has asked for yet. */
final class Arrivals implements Listener.Handler, Closeable {
    private final int generation;
    private final long listener;
    // Guarded by this.
    private final Map<String, TimedChannel> waiting = new HashMap<>();
    private boolean isClosed;

    /** Those that mean a listener by its number. */
    Arrivals(int generation, long listener) {
        this.generation = generation;
        this.listener = listener;
    }

    @Override
    public boolean expects(Identity identity) {
        return identity.generation() == generation && identity.listener() == listener;
    }

    @Override
    public synchronized void accept(Identity identity, TimedChannel channel) throws IOException {
        if (isClosed) {
            channel.close();
            return;
        }
        TimedChannel older = waiting.put(key(identity), channel);
        if (older != null) {
            older.close();
        }
        notifyAll();
    }

    /** Waits for a connection; null if none has come by the deadline. */
    synchronized @Nullable TimedChannel await(Identity identity, Deadline deadline) {
        TimedChannel channel = waiting.remove(key(identity));
        while (channel == null && !deadline.isOver()) {
            try {
                wait(Math.max(1, deadline.remainingMillis()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
            channel = waiting.remove(key(identity));
        }
        return channel;
    }

    /** What tells those apart that are let in; a record's own hash would be linked first. */
    private static String key(Identity identity) {
        return identity.purpose() + (identity.isReversed() ? "/reversed/" : "/") + identity.rank();
    }

    @Override
    public synchronized void close() throws IOException {
        isClosed = true;
        for (TimedChannel channel : waiting.values()) {
            channel.close();
        }
        waiting.clear();
    }
}
