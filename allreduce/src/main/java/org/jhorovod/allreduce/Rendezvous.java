package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This rank's connection to the store, and the store itself where no launcher hosts it. */
final class Rendezvous {
    private static final Logger logger = LoggerFactory.getLogger(Rendezvous.class);

    private final TcpStore store;
    private final @Nullable StoreServer server;

    private Rendezvous(TcpStore store, @Nullable StoreServer server) {
        this.store = store;
        this.server = server;
    }

    /** Connects, and says goodbye when the process exits. */
    static Rendezvous join(Job.Place place, Configuration configuration) {
        Rendezvous rendezvous = connect(place, configuration);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(rendezvous::close, "jhorovod-store-goodbye"));
        return rendezvous;
    }

    private static Rendezvous connect(Job.Place place, Configuration configuration) {
        InetSocketAddress address = place.rendezvous();
        Secret secret = place.secret();
        Topology self = place.topology();
        Duration handshake = configuration.get(Settings.HANDSHAKE_TIMEOUT);
        Duration timeout = configuration.get(Settings.START_TIMEOUT);
        Identity identity = new Identity(Identity.Purpose.STORE, place.generation(), self.rank());
        try {
            if (self.rank() > 0) {
                return new Rendezvous(TcpStore.connect(address, secret, identity, timeout), null);
            }
            // A launcher serves its store before it starts a rank: nobody there means no launcher.
            Optional<TcpStore> served =
                    TcpStore.connectIfServed(address, secret, identity, timeout);
            if (served.isPresent()) {
                return new Rendezvous(served.get(), null);
            }
            StoreServer server = host(address, secret, handshake);
            return new Rendezvous(TcpStore.connect(address, secret, identity, timeout), server);
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
        }
    }

    private static StoreServer host(
            InetSocketAddress address, Secret secret, Duration handshakeTimeout) {
        try {
            return StoreServer.open(address, secret, handshakeTimeout);
        } catch (IOException e) {
            throw new StartException(
                    "Nobody serves the rendezvous at %s, and rank 0 cannot either: %s. JHOROVOD_RENDEZVOUS must name the launcher's address, or one of rank 0's host."
                            .formatted(address, e.getMessage()));
        }
    }

    Store store() {
        return store;
    }

    /** The address of this host by which it reaches the store, and so the other ranks it. */
    InetAddress localAddress() {
        return store.localAddress();
    }

    private void close() {
        store.close();
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                logger.debug("Could not close the rendezvous", e);
            }
        }
    }
}
