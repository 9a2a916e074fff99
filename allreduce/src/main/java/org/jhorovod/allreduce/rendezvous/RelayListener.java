package org.jhorovod.allreduce.rendezvous;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits beside the store for those who come for a rank that nobody can connect to. They prove the
 * secret to the rank's own listener, as if they had come straight to it.
 */
public final class RelayListener implements Closeable {
    private static final Logger logger = LoggerFactory.getLogger(RelayListener.class);
    private static final Duration FOR_EVER = Duration.ofDays(3650);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final InetSocketAddress relay;
    private final Secret secret;
    private final Identity identity;
    private final Listener listener;
    private @Nullable TimedChannel current; // guarded by this; null before the first
    private boolean isClosed; // guarded by this

    private RelayListener(
            InetSocketAddress relay, Secret secret, Identity identity, Listener listener) {
        this.relay = relay;
        this.secret = secret;
        this.identity = identity;
        this.listener = listener;
    }

    /**
     * Begins to wait, for as long as the listener is open.
     *
     * @param relay the store's address
     * @param rank that waits
     * @param number of its listener
     * @param listener whose handler gets the connections; stays the caller's to close
     */
    public static RelayListener open(
            InetSocketAddress relay,
            Secret secret,
            int generation,
            int rank,
            long number,
            Listener listener) {
        Identity identity = new Identity(Identity.Purpose.LISTEN, generation, rank, number, false);
        RelayListener opened = new RelayListener(relay, secret, identity, listener);
        Thread thread = new Thread(opened::acceptAll, "jhorovod-relay-listen");
        thread.setDaemon(true);
        thread.start();
        return opened;
    }

    private void acceptAll() {
        while (!isClosed()) {
            try {
                accept();
            } catch (IOException e) {
                logger.debug("Could not wait at the relay {}, and tries again", relay, e);
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private void accept() throws IOException {
        TimedChannel channel =
                Connections.open(relay, secret, identity, Deadline.after(ANSWER_TIMEOUT));
        try {
            keep(channel);
            RelayServer.hear(channel, Deadline.after(FOR_EVER));
            RelayServer.say(channel, Deadline.after(ANSWER_TIMEOUT));
            letGo(); // before others use it, as what is kept here is closed with this
            listener.admit(channel.releaseBare());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private synchronized void keep(TimedChannel channel) throws IOException {
        if (isClosed) {
            throw new IOException("nobody is waited for any more");
        }
        current = channel;
    }

    private synchronized void letGo() throws IOException {
        if (isClosed) {
            throw new IOException("nobody is waited for any more");
        }
        current = null;
    }

    private synchronized boolean isClosed() {
        return isClosed;
    }

    @Override
    public synchronized void close() throws IOException {
        isClosed = true;
        if (current != null) {
            current.close();
        }
    }
}
