package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.backend.host.AloneBackend;
import org.jhorovod.allreduce.backend.host.HostBackendProvider;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.OwnCalls;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.metrics.Metrics;
import org.jhorovod.allreduce.negotiation.BatchTuning;
import org.jhorovod.allreduce.negotiation.Batching;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.rendezvous.Listener;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.timeline.ReportPlan;
import org.jhorovod.allreduce.timeline.Timeline;
import org.jhorovod.allreduce.timeline.Track;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * How a job forms, on each rank:
 *   listen -> publish the address in the store -> one control connection a peer (the higher rank
 *   dials, if it can) -> the transport's own connections -> engine.
 */
/** Puts the communicator of one rank together, once. */
final class Formation {
    private static final Logger logger = LoggerFactory.getLogger(Formation.class);

    private static final String LANE = "named-lane";
    private static final String GROUP_ON_DEVICE =
            "the communicator of a group of ranks reduces host memory.";

    private final Membership membership;
    private final Configuration configuration;
    private final Topology self;
    private final int round;
    private final Group group;
    private final StorePeers peers;
    private final Timeline timeline;
    private final OwnCalls calls;
    private @Nullable NetworkView network; // null until this rank has to meet others

    /**
     * Prepares to meet all ranks of a job.
     *
     * @param round how often this process has joined this generation before
     */
    Formation(Membership membership, Configuration configuration, int round) {
        this(
                membership,
                configuration,
                round,
                Group.job(membership.topology()),
                new Timeline(),
                OwnCalls.ofJob());
    }

    private Formation(
            Membership membership,
            Configuration configuration,
            int round,
            Group group,
            Timeline timeline,
            OwnCalls calls) {
        this.membership = membership;
        this.configuration = configuration;
        this.self = membership.topology();
        this.round = round;
        this.group = group;
        this.timeline = timeline;
        this.calls = calls;
        this.peers = new StorePeers(membership, configuration, round, group);
    }

    /** A world of one rank, which meets nobody. */
    static NegotiatingCommunicator alone(Topology self, Configuration configuration) {
        return alone(self, 0, configuration, new MemoryStore());
    }

    /** The same, of which a launcher wants a report, in its store. */
    static NegotiatingCommunicator alone(
            Topology self, int generation, Configuration configuration, Store store) {
        InetAddress here = InetAddress.getLoopbackAddress();
        Membership membership = new Membership(self, generation, store, Secret.random(), here);
        Formation formation = new Formation(membership, configuration, 0);
        return formation.formAlone(
                new BackendSelection(configuration).withDevice(new AloneBackend(), formation.peers),
                Formation::onHost);
    }

    private static Backends onHost(Meeting meeting) throws IOException {
        return Backends.ofHost(new HostBackendProvider().open(meeting), GROUP_ON_DEVICE);
    }

    private NegotiatingCommunicator formAlone(Backends backends, Opening groups) {
        try {
            NegotiatingCommunicator communicator =
                    assemble(backends, Map.of(), Set.of(), List.of(self.host()), groups);
            communicator.planned().startAlone();
            return communicator;
        } catch (IOException e) {
            throw new StartException("No selector could be opened: " + e.getMessage());
        }
    }

    /** Meets the other ranks; throws {@link StartException} or {@link PeerLostException}. */
    NegotiatingCommunicator form(BackendSelection selection) {
        try {
            selection.tellDevice(peers);
        } catch (StoreException e) {
            throw couldNotJoin(e);
        }
        return form(
                meeting -> selection.open(meeting, peers, meeting.obstacle()), Formation::onHost);
    }

    /** Opens the backends once the ranks can reach each other. */
    interface Opening {
        Backends open(StoreMeeting meeting) throws IOException;
    }

    /**
     * Meets the other ranks; throws {@link StartException} or {@link PeerLostException}.
     *
     * @param groups opens the backends of parts of them
     */
    NegotiatingCommunicator form(Opening opening, Opening groups) {
        try (StoreMeeting meeting =
                new StoreMeeting(membership, configuration, peers, group, network())) {
            return form(meeting, opening, groups);
        }
    }

    private NetworkView network() {
        NetworkView known = network;
        if (known == null) {
            try {
                known = NetworkView.of(membership, configuration);
            } catch (StoreException e) {
                throw couldNotJoin(e);
            }
            network = known;
        }
        return known;
    }

    private NegotiatingCommunicator form(StoreMeeting meeting, Opening opening, Opening groups) {
        try (Listener listener = meeting.listen()) {
            meeting.publishAddress(listener);
            Map<Integer, Wire> control = meeting.connectControl();
            Backends backends = opening.open(meeting);
            NegotiatingCommunicator communicator =
                    assemble(backends, control, meeting.perhapsRelayed(), meeting.hosts(), groups);
            communicator.planned().start();
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

    private NegotiatingCommunicator assemble(
            Backends backends,
            Map<Integer, Wire> control,
            Set<Integer> relayed,
            List<String> hosts,
            Opening groups)
            throws IOException {
        ControlPlane plane =
                new ControlPlane(
                        self,
                        membership.generation(),
                        configuration.get(Settings.LIVENESS_TIMEOUT),
                        control,
                        relayed,
                        hosts,
                        calls);
        StallReport.Times times =
                new StallReport.Times(
                        configuration.get(Settings.STALL_WARNING),
                        configuration.get(Settings.OPERATION_TIMEOUT));
        if (group.path().isEmpty()) {
            timeline.open(self, plane, traceFile(), reportPlan());
            Metrics.open(self, configuration, plane::traffic).ifPresent(timeline::count);
        }
        EngineCommunicator communicator =
                new EngineCommunicator(
                        self,
                        membership.generation(),
                        backends,
                        plane,
                        times,
                        peers::report,
                        (name, members, place) -> formGroup(name, members, place, groups),
                        track("engine"));
        peers.failuresGoTo(communicator::fail);
        timeline.travels(trackName("engine"), backends.transportName());
        return new NegotiatingCommunicator(
                communicator,
                plane,
                Batching.of(configuration),
                tuning(),
                times,
                () -> formGroup(LANE, everybody(), self, groups).planned(),
                timeline,
                track("lane"));
    }

    /** Of all ranks together: groups are not tuned. */
    private Optional<BatchTuning> tuning() {
        return group.path().isEmpty() && self.rank() == 0 && self.size() > 1
                ? BatchTuning.of(configuration)
                : Optional.empty();
    }

    private Track track(String duty) {
        Track row = timeline.track(trackName(duty), group.jobRanks());
        return group.path().endsWith(LANE + "/") ? row.ofNames() : row;
    }

    private String trackName(String duty) {
        return group.path().isEmpty() ? duty : duty + " " + group.path();
    }

    private Optional<ReportPlan> reportPlan() {
        return configuration.get(Settings.REPORT)
                ? Optional.of(
                        new ReportPlan(
                                membership.store(),
                                membership.generation(),
                                round,
                                configuration.shown()))
                : Optional.empty();
    }

    /** Each formation of a job has a file of its own. */
    private Optional<Path> traceFile() {
        return configuration
                .find(Settings.TIMELINE)
                .map(file -> TraceName.of(file, membership.generation(), round));
    }

    private List<Integer> everybody() {
        return IntStream.range(0, self.size()).boxed().toList();
    }

    private NegotiatingCommunicator formGroup(
            String name, List<Integer> members, Topology place, Opening opening) {
        Group part = group.part(name, members);
        Membership ofPart =
                new Membership(
                        part.named(place),
                        membership.generation(),
                        membership.store(),
                        membership.secret(),
                        membership.address());
        OwnCalls ofMembers =
                name.equals(LANE) ? OwnCalls.apart(calls.group()) : calls.beside(part.describe());
        Formation formation =
                new Formation(ofPart, configuration, round, part, timeline, ofMembers);
        formation.network = network;
        return part.jobRanks().size() == 1
                ? formation.formAlone(Backends.ofHost(new AloneBackend(), GROUP_ON_DEVICE), opening)
                : formation.form(opening, opening);
    }

    private void logFormed(NegotiatingCommunicator communicator) {
        if (self.rank() == 0 && group.path().isEmpty()) {
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
