package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Secret;

/**
 * What a rank is told of its job.
 *
 * @param topology where it stands
 * @param generation how often the job had been formed before
 * @param rendezvous where the ranks meet
 * @param secret what every connection proves
 */
record Assignment(Topology topology, int generation, InetSocketAddress rendezvous, Secret secret) {

    /**
     * What the environment says, all of it from a launcher of ours. The rendezvous is not looked up
     * yet.
     */
    static Assignment of(Configuration configuration) {
        requireLauncherSettings(configuration);
        return new Assignment(
                topology(configuration),
                configuration.get(Settings.GENERATION),
                candidates(configuration).get(0).unresolved(),
                secret(configuration));
    }

    /** The rendezvous, by several addresses where the launcher cannot know the right one. */
    static List<RendezvousName> candidates(Configuration configuration) {
        List<RendezvousName> names = new ArrayList<>();
        for (String text : configuration.get(Settings.RENDEZVOUS).split(",", -1)) {
            names.add(RendezvousName.parse(text));
        }
        return names;
    }

    /** The same by another address. */
    Assignment via(InetSocketAddress address) {
        return new Assignment(topology, generation, address, secret);
    }

    /** The same with another topology. */
    Assignment at(Topology other) {
        return new Assignment(other, generation, rendezvous, secret);
    }

    private static void requireLauncherSettings(Configuration configuration) {
        List<String> missing = new ArrayList<>();
        for (Setting<?> setting : List.of(Settings.RANK, Settings.RENDEZVOUS)) {
            if (configuration.find(setting).isEmpty()) {
                missing.add(missing(setting));
            }
        }
        if (configuration.find(Settings.SECRET).isEmpty()
                && configuration.find(Settings.SECRET_FILE).isEmpty()) {
            missing.add(missing(Settings.SECRET_FILE));
        }
        if (!missing.isEmpty()) {
            throw new ConfigurationException(missing);
        }
    }

    private static String missing(Setting<?> setting) {
        return "%s is not set, but there is more than one rank. %s Start the program with jhorovodrun, which sets it, or set it for each rank."
                .formatted(setting.environmentName(), setting.description());
    }

    /** The rank's assignment as far as the environment knows it. */
    static Topology topology(Configuration configuration) {
        int rank = configuration.get(Settings.RANK);
        int size = configuration.get(Settings.SIZE);
        try {
            // Without word of the hosts each is taken to be on one of its own: TCP reaches any.
            return new Topology(
                    rank,
                    size,
                    configuration.find(Settings.LOCAL_RANK).orElse(0),
                    configuration.find(Settings.LOCAL_SIZE).orElse(1),
                    configuration.find(Settings.CROSS_RANK).orElse(rank),
                    configuration.find(Settings.CROSS_SIZE).orElse(size),
                    host(configuration));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(
                    List.of(
                            "The numbers of rank %d do not fit together: %s Set all of JHOROVOD_LOCAL_RANK, _LOCAL_SIZE, _CROSS_RANK and _CROSS_SIZE, or none."
                                    .formatted(rank, e.getMessage())));
        }
    }

    /** The name of this host in messages. */
    static String host(Configuration configuration) {
        return configuration.find(Settings.HOST).orElseGet(Assignment::hostName);
    }

    /** The system's name of this host, as far as it can be found out. */
    static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    private static Secret secret(Configuration configuration) {
        try {
            Secret secret =
                    configuration.find(Settings.SECRET_FILE).isPresent()
                            ? Secret.read(configuration.get(Settings.SECRET_FILE))
                            : Secret.ofText("JHOROVOD_SECRET", configuration.get(Settings.SECRET));
            return Encryption.with(secret, configuration);
        } catch (IOException e) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_SECRET_FILE cannot be read: %s. It must be the file that the launcher made for this job."
                                    .formatted(e)));
        }
    }
}
