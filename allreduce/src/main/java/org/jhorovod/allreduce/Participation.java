package org.jhorovod.allreduce;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.timeline.Timeline;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This process's part in a job: its communicator, and what has to be closed with it. */
final class Participation {
    private static final Logger logger = LoggerFactory.getLogger(Participation.class);

    private static final long GOODBYE_SECONDS = 3;
    private static final Set<CountDownLatch> GOODBYES = ConcurrentHashMap.newKeySet();

    private final NegotiatingCommunicator communicator;
    private final CountDownLatch goodbye = new CountDownLatch(1);
    private final Thread atExit;

    private Participation(NegotiatingCommunicator communicator) {
        this.communicator = communicator;
        this.atExit = new Thread(this::closeAtExit, "jhorovod-goodbye");
        Runtime.getRuntime().addShutdownHook(atExit);
        GOODBYES.add(goodbye);
    }

    private void closeAtExit() {
        try {
            communicator.closeAtExit();
        } finally {
            goodbye.countDown();
        }
    }

    /** Waits shortly, as the process exits, until all have said goodbye: for what they need. */
    static void awaitGoodbyes() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(GOODBYE_SECONDS);
        try {
            for (CountDownLatch each : GOODBYES) {
                if (!each.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    logger.debug("A goodbye takes too long");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    NamedCommunicator communicator() {
        return communicator;
    }

    Timeline timeline() {
        return communicator.timeline();
    }

    void close() {
        communicator.close();
        GOODBYES.remove(goodbye);
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            logger.trace("the process exits already", e);
        }
    }

    /**
     * Joins the job that the configuration names; a world of one if it names none.
     *
     * @param meet gives the way to the other ranks, where there are any
     */
    static Participation fromEnvironment(
            Configuration configuration, int round, Function<Configuration, StoreConnection> meet) {
        if (configuration.find(Settings.SIZE).orElse(1) == 1) {
            return aloneFromEnvironment(configuration, meet);
        }
        StoreConnection connection = meet.apply(configuration);
        Assignment assignment = connection.assignment();
        Membership membership =
                new Membership(
                        assignment.topology(),
                        assignment.generation(),
                        connection.store(),
                        assignment.secret(),
                        connection.localAddress());
        return join(membership, configuration, round);
    }

    /** A world of one, which meets nobody; a launcher may want a report all the same. */
    private static Participation aloneFromEnvironment(
            Configuration configuration, Function<Configuration, StoreConnection> meet) {
        Topology self = Topology.alone(Assignment.host(configuration));
        if (!configuration.get(Settings.REPORT)
                || configuration.find(Settings.RENDEZVOUS).isEmpty()) {
            return alone(self, configuration);
        }
        StoreConnection connection = meet.apply(configuration);
        return new Participation(
                Formation.alone(
                        self,
                        connection.assignment().generation(),
                        configuration,
                        connection.store()));
    }

    /** Joins the job that a program describes. */
    static Participation of(Membership membership, Configuration configuration, int round) {
        if (membership.topology().size() == 1) {
            return alone(membership.topology(), configuration);
        }
        return join(membership, configuration, round);
    }

    private static Participation join(
            Membership membership, Configuration configuration, int round) {
        Membership whole = Encryption.with(membership, configuration);
        boolean mustEncrypt = whole.secret().isEncrypting() && !whole.topology().isOneHost();
        BackendSelection selection = BackendSelection.of(configuration, mustEncrypt);
        return new Participation(new Formation(whole, configuration, round).form(selection));
    }

    private static Participation alone(Topology topology, Configuration configuration) {
        return new Participation(Formation.alone(topology, configuration));
    }
}
