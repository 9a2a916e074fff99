package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.jhorovod.allreduce.backend.mpi.MpiWorld;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.BackendChoice;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Ranks that mpirun started know their numbers, and nothing of a rendezvous:
 *   rank 0 hosts the store -> broadcasts addresses, port and a new secret over MPI -> each rank tries
 *   all the addresses -> the first one that all of them reach is the rendezvous.
 * Where MPI carries no collectives it is left right afterwards.
 */
/** How the ranks of a job meet that {@code mpirun} started by itself. */
final class MpirunMeeting {
    private static final Logger logger = LoggerFactory.getLogger(MpirunMeeting.class);

    private final Configuration configuration;
    private final Topology self;

    private MpirunMeeting(Configuration configuration) {
        this.configuration = configuration;
        this.self = Assignment.topology(configuration);
    }

    /** Meets the others; all ranks do so at the same time. */
    static StoreConnection meet(Configuration configuration) {
        return new MpirunMeeting(configuration).meet();
    }

    private StoreConnection meet() {
        if (!MpiWorld.isThere()) {
            throw new StartException(
                    "mpirun started rank %d of %d, but without mpi.jar on the class path the ranks cannot find each other. Start the job with jhorovodrun --mpi, which needs no mpi.jar, or build it with docker/build-mpi-jar."
                            .formatted(self.rank(), self.size()));
        }
        try {
            MpiWorld world = MpiWorld.join(configuration);
            return self.rank() == 0 ? invite(world) : visit(world);
        } catch (IOException e) {
            throw new StartException(
                    "%s could not meet the other ranks over MPI: %s."
                            .formatted(self.describe(), e.getMessage()));
        }
    }

    private StoreConnection invite(MpiWorld world) throws IOException {
        HostedStore hosted = HostedStore.open(self, configuration);
        try {
            world.broadcast(hosted.invitation().encode());
            return StoreConnection.hosting(
                    agree(world, hosted.invitation()), configuration, hosted.server());
        } catch (IOException | CollectiveException e) {
            hosted.server().close();
            throw e;
        }
    }

    private StoreConnection visit(MpiWorld world) throws IOException {
        Invitation invitation =
                Invitation.decode(world.broadcast(Invitation.room())).encryptingBy(configuration);
        return StoreConnection.visiting(agree(world, invitation), configuration);
    }

    /** Finds the first address that all ranks reach. */
    private Assignment agree(MpiWorld world, Invitation invitation) throws IOException {
        long common = -1;
        for (long reached : world.gather(reachable(invitation))) {
            common &= reached;
        }
        if (configuration.get(Settings.BACKEND) != BackendChoice.MPI) {
            world.leave();
        }
        InetSocketAddress address =
                Reach.first(invitation.sockets(), common)
                        .orElseThrow(
                                () ->
                                        new IOException(
                                                "not all ranks reach one of rank 0's addresses %s; check the network between the hosts, and their firewalls"
                                                        .formatted(invitation.addresses())));
        int generation = configuration.get(Settings.GENERATION);
        return new Assignment(self, generation, address, invitation.secret());
    }

    /** The addresses that this rank reaches, a bit each. */
    private long reachable(Invitation invitation) {
        // The other half of the time is for the ranks to tell each other, and to meet.
        Deadline enough = Deadline.after(configuration.get(Settings.START_TIMEOUT).dividedBy(2));
        Identity identity =
                new Identity(
                        Identity.Purpose.PROBE,
                        configuration.get(Settings.GENERATION),
                        self.rank());
        return Reach.of(
                invitation.sockets(),
                invitation.secret(),
                identity,
                enough,
                why -> logger.warn("{} was refused {}", self.describe(), why));
    }
}
