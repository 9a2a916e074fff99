package org.jhorovod.allreduce;

import java.util.function.Function;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This process's part in a job: its communicator, and what has to be closed with it. */
final class Job {
    private static final Logger logger = LoggerFactory.getLogger(Job.class);

    private final EngineCommunicator communicator;
    private final Thread atExit;

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
            Configuration configuration, int round, Function<Configuration, Rendezvous> meet) {
        if (configuration.find(Settings.SIZE).orElse(1) == 1) {
            return alone(Topology.alone(Place.host(configuration)), configuration);
        }
        Rendezvous rendezvous = meet.apply(configuration);
        Place place = rendezvous.place();
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
}
