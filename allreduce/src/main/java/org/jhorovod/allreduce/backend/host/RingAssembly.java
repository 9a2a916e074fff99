package org.jhorovod.allreduce.backend.host;

import com.google.common.base.Ascii;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.algorithm.AllReduce;
import org.jhorovod.allreduce.algorithm.HierarchicalAllReduce;
import org.jhorovod.allreduce.algorithm.Hierarchy;
import org.jhorovod.allreduce.algorithm.Placement;
import org.jhorovod.allreduce.algorithm.RingExchange;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.AllReduceChoice;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Transport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects the rings that a job's all-reduce needs, and puts them together. Used once. */
public final class RingAssembly {
    private static final Logger logger = LoggerFactory.getLogger(RingAssembly.class);
    private static final String PLACE = "place";
    private static final int PLACE_NUMBERS = 4;
    // Longer than a small message takes inside a host; to sleep and be woken costs as much.
    private static final Duration ALERTNESS = Duration.ofNanos(50_000);

    private final Meeting meeting;
    private final Topology self;
    private final Transport amongAll;
    private final Transport insideHost;
    // One for all exchanges: they run one after another.
    private final JavaReductionKernel kernel = new JavaReductionKernel();
    private final Prescaling prescaling = new Prescaling(kernel);
    private final Duration alertness;
    private final List<RingLinks> links = new ArrayList<>();

    /** Prepares to connect the ranks that meet. */
    public RingAssembly(Meeting meeting, Transport amongAll, Transport insideHost) {
        this.meeting = meeting;
        this.self = meeting.self();
        this.amongAll = amongAll;
        this.insideHost = insideHost;
        boolean hasCoreForEach = self.localSize() <= Runtime.getRuntime().availableProcessors();
        this.alertness = hasCoreForEach ? ALERTNESS : Duration.ZERO;
    }

    /** Connects this rank; all ranks do so at the same time. */
    public RingBackend assemble() throws IOException {
        Optional<Hierarchy> hierarchy = hierarchy();
        RingExchange all = connect(amongAll, Ring.ofAll(self.rank(), self.size()));
        Optional<AllReduce> byPlace = Optional.empty();
        if (hierarchy.isPresent()) {
            byPlace = Optional.of(connect(hierarchy.get(), all));
        }
        String transports =
                byPlace.isEmpty() || amongAll.name().equals(insideHost.name())
                        ? amongAll.name()
                        : "%s, %s inside hosts".formatted(amongAll.name(), insideHost.name());
        return new RingBackend(self, transports, links, all, byPlace, prescaling, alertness);
    }

    private RingExchange connect(Transport transport, Ring ring) throws IOException {
        RingLinks opened = transport.open(meeting, ring);
        links.add(opened);
        return new RingExchange(ring, self, opened, kernel);
    }

    private AllReduce connect(Hierarchy hierarchy, RingExchange all) throws IOException {
        Optional<RingExchange> local = Optional.empty();
        if (hierarchy.local().size() > 1) {
            local = Optional.of(connect(insideHost, hierarchy.local()));
        }
        Optional<RingExchange> cross = Optional.empty();
        if (hierarchy.cross().isPresent()) {
            cross = Optional.of(connect(amongAll, hierarchy.cross().get()));
        }
        return new HierarchicalAllReduce(hierarchy, all, local, cross);
    }

    /** This rank's part in an all-reduce by place; empty where it goes around the ring. */
    private Optional<Hierarchy> hierarchy() throws IOException {
        AllReduceChoice choice = meeting.configuration().get(Settings.ALLREDUCE);
        if (self.isOneHost()) {
            return Optional.empty();
        }
        // Told by all before any decides, or a rank would wait for one that goes another way.
        List<Topology> places = everyPlace(choice);
        if (choice == AllReduceChoice.RING) {
            return Optional.empty();
        }
        Optional<Placement> placement = Placement.of(places);
        if (placement.isEmpty() && choice == AllReduceChoice.HIERARCHICAL) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_ALLREDUCE is hierarchical, but the ranks' local and cross"
                                    + " ranks and sizes do not say which ranks share a host. Start"
                                    + " the ranks with jhorovodrun, correct them, or use ring."));
        }
        if (placement.isEmpty() && self.rank() == 0) {
            logger.warn(
                    "The ranks' local and cross ranks and sizes do not say which ranks share a"
                            + " host, so all-reduce goes around one ring.");
        }
        return placement.flatMap(known -> Hierarchy.of(known, self.rank()));
    }

    private List<Topology> everyPlace(AllReduceChoice choice) throws IOException {
        meeting.publish(
                PLACE,
                "%d %d %d %d %s"
                        .formatted(
                                self.localRank(),
                                self.localSize(),
                                self.crossRank(),
                                self.crossSize(),
                                choice));
        List<Topology> places = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            String published = meeting.awaitPublished(rank, PLACE);
            String[] words = published.split(" ", -1);
            try {
                places.add(place(rank, words));
                requireSame(choice, rank, words[PLACE_NUMBERS]);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new IOException(
                        "rank %d says that it stands at '%s', which is no place in a job of %d ranks; check its JHOROVOD_LOCAL_ and JHOROVOD_CROSS_ settings"
                                .formatted(rank, published, self.size()),
                        e);
            }
        }
        return places;
    }

    private Topology place(int rank, String[] words) {
        return new Topology(
                rank,
                self.size(),
                Integer.parseInt(words[0]),
                Integer.parseInt(words[1]),
                Integer.parseInt(words[2]),
                Integer.parseInt(words[3]),
                "rank " + rank);
    }

    private void requireSame(AllReduceChoice own, int rank, String choice) throws IOException {
        if (!choice.equals(own.name())) {
            throw new IOException(
                    "JHOROVOD_ALLREDUCE is %s on rank %d, but %s on rank %d; set the same on all ranks"
                            .formatted(
                                    Ascii.toLowerCase(own.name()),
                                    self.rank(),
                                    Ascii.toLowerCase(choice),
                                    rank));
        }
    }
}
