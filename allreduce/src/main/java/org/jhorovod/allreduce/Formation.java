package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.backend.host.AloneBackend;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jhorovod.allreduce.spi.Meeting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * How a job forms, on each rank:
 *   listen -> publish "address port host" in the store -> one control connection a peer (the higher
 *   rank dials) -> the transport's own connections -> engine.
 */
/** Puts the communicator of one rank together, once. */
final class Formation {
    private static final Logger logger = LoggerFactory.getLogger(Formation.class);

    private final Membership membership;
    private final Configuration configuration;
    private final Topology self;
    private final StorePeers peers;

    /**
     * Prepares to meet.
     *
     * @param round how often this process has joined this generation before
     */
    Formation(Membership membership, Configuration configuration, int round) {
        this.membership = membership;
        this.configuration = configuration;
        this.self = membership.topology();
        this.peers = new StorePeers(membership, configuration, round);
    }

    /** A world of one rank, which meets nobody. */
    static EngineCommunicator alone(Topology self, Configuration configuration) {
        InetAddress here = InetAddress.getLoopbackAddress();
        Membership membership = new Membership(self, 0, new MemoryStore(), Secret.random(), here);
        return new Formation(membership, configuration, 0).formAlone();
    }

    private EngineCommunicator formAlone() {
        Backends backends =
                new BackendSelection(configuration).withDevice(new AloneBackend(), peers);
        try {
            EngineCommunicator communicator = assemble(backends, Map.of(), List.of(self.host()));
            communicator.startAlone();
            return communicator;
        } catch (IOException e) {
            throw new StartException("No selector could be opened: " + e.getMessage());
        }
    }

    /** Meets the other ranks; throws {@link StartException} or {@link PeerLostException}. */
    EngineCommunicator form(BackendSelection selection) {
        try {
            selection.tellDevice(peers);
        } catch (StoreException e) {
            throw couldNotJoin(e);
        }
        return form(meeting -> selection.open(meeting, peers));
    }

    /** Opens the backends once the ranks can reach each other. */
    interface Opening {
        Backends open(Meeting meeting) throws IOException;
    }

    /** Meets the other ranks; throws {@link StartException} or {@link PeerLostException}. */
    EngineCommunicator form(Opening opening) {
        try (StoreMeeting meeting = new StoreMeeting(membership, configuration, peers)) {
            return form(meeting, opening);
        }
    }

    private EngineCommunicator form(StoreMeeting meeting, Opening opening) {
        try (Listener listener = meeting.listen()) {
            meeting.publishAddress(listener.port());
            Map<Integer, Wire> control = meeting.connectControl();
            Backends backends = opening.open(meeting);
            EngineCommunicator communicator = assemble(backends, control, meeting.hosts());
            communicator.start();
            meeting.handOver();
            logFormed(communicator);
            return communicator;
        } catch (PeerLostException e) {
            peers.report(new LostReport(e.lostRank(), String.valueOf(e.getMessage())));
            throw e;
        } catch (IOException | StoreException e) {
            throw couldNotJoin(e);
        }
    }

    private StartException couldNotJoin(Exception e) {
        return new StartException(
                "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
    }

    private EngineCommunicator assemble(
            Backends backends, Map<Integer, Wire> control, List<String> hosts) throws IOException {
        ControlPlane plane =
                new ControlPlane(
                        self,
                        membership.generation(),
                        configuration.get(Settings.LIVENESS_TIMEOUT),
                        control,
                        hosts);
        EngineCommunicator communicator =
                new EngineCommunicator(
                        self,
                        membership.generation(),
                        backends,
                        plane,
                        configuration.get(Settings.OPERATION_TIMEOUT),
                        peers::report);
        peers.failuresGoTo(communicator::fail);
        return communicator;
    }

    private void logFormed(EngineCommunicator communicator) {
        if (self.rank() == 0) {
            logger.info(
                    "{} ranks have met, transport {}. A silent peer is lost after {} s; a"
                            + " collective fails when a peer stays away for {} s.",
                    self.size(),
                    communicator.transportName(),
                    configuration.get(Settings.LIVENESS_TIMEOUT).toSeconds(),
                    configuration.get(Settings.OPERATION_TIMEOUT).toSeconds());
        }
    }
}
