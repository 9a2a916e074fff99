package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This process's part in a job: its communicator, and what has to be closed with it. */
final class Job {
    private static final Logger logger = LoggerFactory.getLogger(Job.class);
    private static final int LARGEST_PORT = 65535;

    private final EngineCommunicator communicator;
    private final Thread atExit;

    /** What the environment says of this rank. */
    record Place(Topology topology, int generation, InetSocketAddress rendezvous, Secret secret) {}

    private Job(EngineCommunicator communicator) {
        this.communicator = communicator;
        this.atExit = new Thread(communicator::closeAtExit, "jhorovod-goodbye");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    Communicator communicator() {
        return communicator;
    }

    void close() {
        communicator.close();
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
    static Job fromEnvironment(
            Configuration configuration,
            int round,
            BiFunction<Place, Configuration, Rendezvous> meet) {
        int size = configuration.find(Settings.SIZE).orElse(1);
        String host = configuration.find(Settings.HOST).orElseGet(Job::hostName);
        if (size == 1) {
            return alone(Topology.alone(host), configuration);
        }
        requireLauncherSettings(configuration);
        Place place =
                new Place(
                        topology(configuration, size, host),
                        configuration.get(Settings.GENERATION),
                        parse(configuration.get(Settings.RENDEZVOUS)),
                        readSecret(configuration));
        Rendezvous rendezvous = meet.apply(place, configuration);
        Membership membership =
                new Membership(
                        place.topology(),
                        place.generation(),
                        rendezvous.store(),
                        place.secret(),
                        rendezvous.localAddress());
        return join(membership, configuration, round);
    }

    /** Joins the job that a program describes. */
    static Job of(Membership membership, Configuration configuration, int round) {
        if (membership.topology().size() == 1) {
            return alone(membership.topology(), configuration);
        }
        return join(membership, configuration, round);
    }

    private static Job join(Membership membership, Configuration configuration, int round) {
        BackendSelection selection = new BackendSelection(configuration);
        return new Job(new Formation(membership, configuration, round).form(selection));
    }

    private static Job alone(Topology topology, Configuration configuration) {
        return new Job(Formation.alone(topology, configuration));
    }

    private static void requireLauncherSettings(Configuration configuration) {
        List<String> missing =
                Stream.<Setting<?>>of(Settings.RANK, Settings.RENDEZVOUS, Settings.SECRET_FILE)
                        .filter(setting -> configuration.find(setting).isEmpty())
                        .map(
                                setting ->
                                        "%s is not set, but JHOROVOD_SIZE is more than 1. %s Start the program with jhorovodrun, which sets it."
                                                .formatted(
                                                        setting.environmentName(),
                                                        setting.description()))
                        .toList();
        if (!missing.isEmpty()) {
            throw new ConfigurationException(missing);
        }
    }

    private static Topology topology(Configuration configuration, int size, String host) {
        int rank = configuration.get(Settings.RANK);
        // Without word of the hosts each rank is taken to be on one of its own: TCP reaches any.
        return new Topology(
                rank,
                size,
                configuration.find(Settings.LOCAL_RANK).orElse(0),
                configuration.find(Settings.LOCAL_SIZE).orElse(1),
                configuration.find(Settings.CROSS_RANK).orElse(rank),
                configuration.find(Settings.CROSS_SIZE).orElse(size),
                host);
    }

    private static Secret readSecret(Configuration configuration) {
        try {
            return Secret.read(configuration.get(Settings.SECRET_FILE));
        } catch (IOException e) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_SECRET_FILE cannot be read: %s. It must be the file that the launcher made for this job."
                                    .formatted(e)));
        }
    }

    private static InetSocketAddress parse(String rendezvous) {
        int colon = rendezvous.lastIndexOf(':');
        try {
            int port = Integer.parseInt(rendezvous.substring(colon + 1));
            if (colon > 0 && port > 0 && port <= LARGEST_PORT) {
                String host = rendezvous.substring(0, colon).replaceAll("^\\[|]$", "");
                return new InetSocketAddress(InetAddress.getByName(host), port);
            }
        } catch (NumberFormatException | UnknownHostException e) {
            logger.debug("no address: {}", rendezvous, e);
        }
        throw new ConfigurationException(
                List.of(
                        "JHOROVOD_RENDEZVOUS is '%s', but must be host:port with a host that can be resolved."
                                .formatted(rendezvous)));
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
