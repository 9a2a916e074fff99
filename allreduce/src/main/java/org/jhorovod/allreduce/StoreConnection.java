package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.MpirunOptions;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Deadline;
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
final class StoreConnection {
    private static final Logger logger = LoggerFactory.getLogger(StoreConnection.class);

    private final Assignment assignment;
    private final TcpStore store;
    private final @Nullable StoreServer server;

    private StoreConnection(Assignment assignment, TcpStore store, @Nullable StoreServer server) {
        this.assignment = assignment;
        this.store = store;
        this.server = server;
    }

    /** Connects, and says goodbye when the process exits. */
    static StoreConnection join(Configuration configuration) {
        StoreConnection connection = meet(configuration);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(connection::closeAtExit, "jhorovod-store-goodbye"));
        boolean knowsHosts = configuration.find(Settings.CROSS_SIZE).isPresent();
        Optional<MpirunOptions> mpirun = configuration.mpirun();
        // Where mpirun is silent, each rank is taken to be on a host of its own.
        if (knowsHosts || mpirun.isEmpty() || mpirun.get().host().isEmpty()) {
            return connection;
        }
        return connection.learnHosts(mpirun.get().host().get(), configuration);
    }

    /** After the ranks have said goodbye, which leave their last words in the store. */
    private void closeAtExit() {
        Participation.awaitGoodbyes();
        close();
    }

    private static StoreConnection meet(Configuration configuration) {
        if (configuration.find(Settings.RENDEZVOUS).isPresent()) {
            return find(configuration);
        }
        if (configuration.mpirun().isPresent()) {
            return MpirunMeeting.meet(configuration);
        }
        return configuration
                .slurmStep()
                .map(step -> SlurmMeeting.meet(configuration, step))
                .orElseGet(() -> find(configuration));
    }

    private static StoreConnection find(Configuration configuration) {
        Assignment assignment = Assignment.of(configuration);
        List<InetSocketAddress> candidates = lookUp(assignment.topology(), configuration);
        return candidates.size() == 1
                ? connect(assignment.via(candidates.get(0)), configuration)
                : visiting(
                        CommonAddress.settle(assignment, candidates, configuration), configuration);
    }

    /** The name of a container may be known only some time after others have started. */
    private static List<InetSocketAddress> lookUp(Topology self, Configuration configuration) {
        Duration timeout = configuration.get(Settings.START_TIMEOUT);
        Deadline deadline = Deadline.after(timeout);
        List<InetSocketAddress> found = new ArrayList<>();
        for (RendezvousName name : Assignment.candidates(configuration)) {
            found.add(lookUp(name, self, timeout, deadline));
        }
        return found;
    }

    private static InetSocketAddress lookUp(
            RendezvousName name, Topology self, Duration timeout, Deadline deadline) {
        try {
            return name.resolve();
        } catch (UnknownHostException e) {
            logger.info(
                    "{} waits until the name '{}' of JHOROVOD_RENDEZVOUS is known, {} s at most",
                    self.describe(),
                    name.host(),
                    timeout.toSeconds());
        }
        try {
            return name.resolve(deadline);
        } catch (UnknownHostException e) {
            throw new StartException(
                    "%s could not join the job: the name '%s' of JHOROVOD_RENDEZVOUS has not become known within %d s (JHOROVOD_START_TIMEOUT_SECONDS). Check how it is written, and that this host's resolver knows the host of rank 0."
                            .formatted(self.describe(), name.host(), timeout.toSeconds()));
        }
    }

    /** Asks the other ranks where they run, since mpirun does not tell. */
    private StoreConnection learnHosts(String hostKey, Configuration configuration) {
        Topology self = assignment.topology();
        HostKeys keys =
                new HostKeys(
                        store, assignment.generation(), configuration.get(Settings.START_TIMEOUT));
        Topology known = keys.exchange(self, hostKey);
        return new StoreConnection(assignment.at(known), store, server);
    }

    /** Connects to a store that this process hosts. */
    static StoreConnection hosting(
            Assignment assignment, Configuration configuration, StoreServer server) {
        return new StoreConnection(assignment, attach(assignment, configuration), server);
    }

    /** Connects to a store that another process hosts. */
    static StoreConnection visiting(Assignment assignment, Configuration configuration) {
        return new StoreConnection(assignment, attach(assignment, configuration), null);
    }

    private static TcpStore attach(Assignment assignment, Configuration configuration) {
        try {
            return TcpStore.connect(
                    assignment.rendezvous(),
                    assignment.secret(),
                    identity(assignment),
                    configuration.get(Settings.START_TIMEOUT));
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not join the job: %s"
                            .formatted(assignment.topology().describe(), e.getMessage()));
        }
    }

    private static Identity identity(Assignment assignment) {
        return new Identity(
                Identity.Purpose.STORE, assignment.generation(), assignment.topology().rank());
    }

    private static StoreConnection connect(Assignment assignment, Configuration configuration) {
        InetSocketAddress address = assignment.rendezvous();
        Secret secret = assignment.secret();
        Topology self = assignment.topology();
        Duration handshake = configuration.get(Settings.HANDSHAKE_TIMEOUT);
        Duration timeout = configuration.get(Settings.START_TIMEOUT);
        Identity identity = identity(assignment);
        if (self.rank() > 0) {
            return visiting(assignment, configuration);
        }
        try {
            // A launcher serves its store before it starts a rank: nobody there means no launcher.
            Optional<TcpStore> served =
                    TcpStore.connectIfServed(address, secret, identity, timeout);
            if (served.isPresent()) {
                return new StoreConnection(assignment, served.get(), null);
            }
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
        }
        return hosting(assignment, configuration, host(address, secret, handshake));
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

    /** Where this rank stands in the job, and how it reaches it. */
    Assignment assignment() {
        return assignment;
    }

    Store store() {
        return store;
    }

    /** The address of this host by which it reaches the store, and so the other ranks it. */
    InetAddress localAddress() {
        return store.localAddress();
    }

    void close() {
        store.close();
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                logger.debug("Could not close the store", e);
            }
        }
    }
}
