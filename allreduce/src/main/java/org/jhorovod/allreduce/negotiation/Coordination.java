package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.Channel;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.Correspondent;
import org.jspecify.annotations.Nullable;

/**
 * How a rank takes part in a negotiation: it announces what it submits, and hears the steps. On
 * rank 0 it negotiates as well.
 *
 * <p>{@link #announce}, {@link #refuse} and {@link #join} are for any thread, the rest belongs to
 * the control thread; in a world of one rank, which has none, to whoever announces.
 */
public final class Coordination implements Correspondent {
    private static final int COORDINATOR = 0;
    private static final int MOST_ITEMS = 1 << 20;
    private static final int MOST_REFUSED = 1 << 12;
    private static final int MOST_CHARACTERS = 2000; // of a reason

    private final Topology self;
    private final ControlPlane control;
    private final @Nullable Negotiator negotiator; // null but on rank 0
    private final Optional<BatchTuning> tuning;
    private final StallReport stalls;
    private final Listener listener;
    private final Unannounced unannounced;
    private final Map<Integer, List<Announcement.Item>> parts = new HashMap<>(); // by rank
    private final Map<String, Request> announced = new ConcurrentHashMap<>(); // not yet in a step
    private final Map<Request, Integer> numbers = new ConcurrentHashMap<>(); // of this rank's own
    private final AtomicInteger refused =
            new AtomicInteger(); // of this rank's own, not yet in a step
    private boolean hasFailed; // the listener knows
    private final KnownEntries known = new KnownEntries();

    /** Hears what all ranks do; must not block. */
    public interface Listener {
        /** The next step of all ranks. */
        void step(Step step);

        /** Whether a collective of a step is under way, which has a deadline of its own. */
        boolean isRunning();

        /** So many names are stalled; told again and again, on rank 0. */
        void stalled(int names);

        /** The communicator has failed; told once. */
        void failed(CollectiveException cause);
    }

    /**
     * Of one rank.
     *
     * @param batching how what is submitted is put together
     * @param tuning finds a better way, where that is wanted; on rank 0 alone
     * @param listener told each step, in the order of all ranks
     */
    public Coordination(
            Topology self,
            ControlPlane control,
            Batching batching,
            Optional<BatchTuning> tuning,
            StallReport.Times times,
            Listener listener) {
        this.self = self;
        this.control = control;
        this.negotiator =
                self.rank() == COORDINATOR
                        ? new Negotiator(names(self, control), batching.planner())
                        : null;
        this.tuning = tuning;
        this.stalls = new StallReport(control, times);
        this.unannounced = new Unannounced(self.size() == 1 ? Duration.ZERO : batching.cycle());
        this.listener = listener;
    }

    private static RankNames names(Topology self, ControlPlane control) {
        return new RankNames(self.ranks().stream().map(control::host).toList());
    }

    /** Tells rank 0 what this rank has submitted; no others of these names are under way. */
    public void announce(Collection<Request> requests) {
        List<Announcement.Item> items = new ArrayList<>();
        for (Request request : requests) {
            announced.put(request.name(), request);
            Integer number = numbers.get(request);
            items.add(
                    number == null
                            ? new Announcement.Fresh(request)
                            : new Announcement.Known(number));
        }
        send(items);
    }

    /**
     * Tells rank 0 that this rank's call of these names has failed, so that the ranks which wait
     * for it fail too. Where nobody comes to wait for a great many of them, it tells of no more.
     *
     * @param group of which they would have been; empty for none
     * @param reason in words for users
     */
    public void refuse(List<String> names, String group, String reason) {
        if (self.size() == 1) {
            return;
        }
        if (refused.addAndGet(names.size()) > MOST_REFUSED) {
            refused.addAndGet(-names.size());
            return;
        }
        String told =
                reason.length() <= MOST_CHARACTERS
                        ? reason
                        : reason.substring(0, MOST_CHARACTERS) + "...";
        send(
                names.stream()
                        .<Announcement.Item>map(name -> new Announcement.Refused(name, group, told))
                        .toList());
    }

    /** Tells rank 0 that this rank submits nothing more until all have joined. */
    public void join() {
        send(List.of(new Announcement.Join()));
    }

    /** Has what was submitted announced at once: somebody waits for it. */
    public void hurry() {
        if (unannounced.hurry()) {
            control.wakeup();
        }
    }

    private void send(List<Announcement.Item> items) {
        boolean isFirst = unannounced.add(items);
        if (self.size() == 1) {
            workAlone();
        } else if (isFirst) {
            control.wakeup();
        }
    }

    private synchronized void workAlone() {
        work();
    }

    @Override
    public void work() {
        for (byte[] letter : Letters.announcements(unannounced.takeDue())) {
            if (self.rank() == COORDINATOR) {
                takeOwn(letter);
            } else {
                control.send(Channel.NEGOTIATION, COORDINATOR, letter);
            }
        }
        if (negotiator != null && self.size() > 1) {
            stalls.look(negotiator, listener.isRunning()).ifPresent(this::failed);
            listener.stalled(stalls.stalledNames());
        }
        control.failure().ifPresent(this::failed);
    }

    @Override
    public long waitNanos() {
        return unannounced.waitNanos();
    }

    @Override
    public void failed(CollectiveException cause) {
        if (!hasFailed) {
            hasFailed = true;
            listener.failed(cause);
        }
    }

    private void takeOwn(byte[] letter) {
        try {
            received(COORDINATOR, ByteBuffer.wrap(letter));
        } catch (IOException e) {
            throw new IllegalStateException("bug: " + self.describe() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void received(int rank, ByteBuffer letter) throws IOException {
        MessageReader reader = new MessageReader(letter);
        switch (reader.choice(Letters.Kind.values())) {
            case PART -> keepPart(rank, Announcement.read(reader).items());
            case ANNOUNCEMENT -> {
                keepPart(rank, Announcement.read(reader).items());
                negotiate(rank, new Announcement(parts.getOrDefault(rank, List.of())));
            }
            case STEPS -> follow(rank, reader);
        }
    }

    private void keepPart(int rank, List<Announcement.Item> items) throws IOException {
        List<Announcement.Item> part = parts.computeIfAbsent(rank, key -> new ArrayList<>());
        part.addAll(items);
        if (part.size() > MOST_ITEMS) {
            throw new IOException("it announced too many tensors at once");
        }
    }

    private void negotiate(int rank, Announcement announcement) throws IOException {
        parts.remove(rank);
        if (negotiator == null) {
            throw new IOException("it announced a tensor to a rank that is not rank 0");
        }
        long nowNanos = System.nanoTime();
        List<Step> steps = negotiator.take(rank, announcement, nowNanos);
        tell(steps);
        Optional<Batching> better = tuning.flatMap(known -> known.agreed(steps, nowNanos));
        if (better.isPresent()) {
            negotiator.planWith(better.get().planner());
            tell(List.of(new Step.Rebatch(better.get())));
        }
    }

    private void tell(List<Step> steps) throws IOException {
        for (byte[] letter : Letters.steps(steps)) {
            for (int rank = 0; rank < self.size(); rank++) {
                if (rank == self.rank()) {
                    received(rank, ByteBuffer.wrap(letter));
                } else {
                    control.send(Channel.NEGOTIATION, rank, letter);
                }
            }
        }
    }

    private void follow(int rank, MessageReader reader) throws IOException {
        if (rank != COORDINATOR) {
            throw new IOException("it ordered steps, and is not rank 0");
        }
        while (reader.hasMore()) {
            Step step = Step.read(reader, known);
            if (step instanceof Step.Rebatch rebatch) {
                unannounced.waitFor(rebatch.batching().cycle());
            } else if (step instanceof Step.Refuse refuse
                    && refuse.refusedBy().contains(self.rank())) {
                refused.decrementAndGet(); // and nobody waits here
            } else {
                decided(step);
                listener.step(step);
            }
        }
    }

    private void decided(Step step) {
        if (step instanceof Step.Run run) {
            run.entries().forEach(this::decided);
        } else if (step instanceof Step.Refuse refuse) {
            announced.remove(refuse.name());
        }
    }

    private void decided(Step.Entry entry) {
        Request own = announced.remove(entry.request().name());
        if (own != null && entry.number().isPresent()) {
            numbers.put(own, entry.number().getAsInt());
        }
    }

    /** Rank 0 tells it in the order of its steps, so that none before is lost. */
    @Override
    public void left(int rank) {
        try {
            if (negotiator != null) {
                tell(List.of(new Step.Left(rank)));
            } else if (rank == COORDINATOR) {
                listener.step(new Step.Left(rank));
            }
        } catch (IOException e) {
            throw new IllegalStateException("bug: " + self.describe() + ": " + e.getMessage(), e);
        }
    }
}
