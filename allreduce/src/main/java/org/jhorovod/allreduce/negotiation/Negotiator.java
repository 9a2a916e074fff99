package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.fusion.FusionPlanner;
import org.jhorovod.allreduce.fusion.FusionPlanner.Candidate;
import org.jspecify.annotations.Nullable;

/*
 * Note [Negotiation]
 *
 * Ranks submit tensors by name, each in an order of its own. What a rank submits it announces to rank
 * 0, which waits until all ranks have announced a name, compares what they say of it, and tells all
 * what to run next. So all run the same in the same order:
 *
 *   rank   submit ─ announce ───────────────▶ rank 0
 *                                             proposal: who has announced the name, and what
 *                                             all have: compare ─ refuse, or run, fused with others
 *   rank   run what it says, in its order ◀── steps, the same for all
 *
 * A name that has run gets a number, for what each rank said of it. A rank that submits the same
 * again announces the number; where all do, nothing has to be compared, and the step is a number too.
 * A tensor of a group waits until all of its group can run, and is refused with any of them. A rank
 * that has joined is not waited for.
 *
 * A call that fails on its rank at once, for its arguments, is announced as well: it takes the place of the
 * rank's tensor, which the others may wait for, and the name is refused. That rank is not told to wait, and may
 * say more of the name before the others have said anything; this is kept until the name has been answered.
 *
 * The same thing as Horovod's controller and response cache (Sergeev, Del Balso: Horovod, 2018,
 * arXiv 1802.05799), without its cycle: nothing is sent when nothing is submitted.
 */
/** Rank 0's part in what all ranks run next. Owned by one thread. */
final class Negotiator {
    private static final int MOST_NUMBERS = 1 << 14;

    private final RankNames names;
    private final int size;
    private FusionPlanner planner;
    private final Map<String, Proposal> proposals = new LinkedHashMap<>();
    private final Map<String, List<Proposal>> groups = new LinkedHashMap<>();
    private final List<Known> known = new ArrayList<>();
    private final BitSet joined = new BitSet();
    private final List<@Nullable String> lastNames;

    /** What has a number. */
    private record Known(Step.Entry entry, List<Request> requests) {}

    /**
     * A name that some ranks have not announced.
     *
     * @param request of the lowest rank that has
     * @param have the ranks that wait for it
     * @param missing the ranks that have not, and have not joined
     */
    record Waiting(Request request, List<Integer> have, List<Integer> missing, long sinceNanos) {}

    Negotiator(RankNames names, FusionPlanner planner) {
        this.names = names;
        this.size = names.size();
        this.planner = planner;
        this.lastNames = new ArrayList<>(Collections.nCopies(size, null));
    }

    /** Puts together what becomes ready from now on by another plan. */
    void planWith(FusionPlanner other) {
        planner = other;
    }

    /**
     * Takes what a rank has announced.
     *
     * @return what all ranks do next, if anything
     * @throws IOException if it cannot be
     */
    List<Step> take(int rank, Announcement announcement, long nowNanos) throws IOException {
        List<Step> steps = new ArrayList<>();
        Map<String, Proposal> ready = new LinkedHashMap<>();
        boolean hasJoined = false;
        for (Announcement.Item item : announcement.items()) {
            if (item instanceof Announcement.Join) {
                if (joined.get(rank)) {
                    throw new IOException("it joined twice");
                }
                joined.set(rank);
                hasJoined = true;
            } else if (!joined.get(rank) || !(item instanceof Announcement.Refused)) {
                if (ready.containsKey(name(rank, item))) {
                    steps.addAll(agreeOnAll(ready));
                    ready.clear();
                }
                propose(rank, item, nowNanos, ready);
            }
        }
        if (hasJoined) {
            takeReady(ready);
        }
        steps.addAll(agreeOnAll(ready));
        if (hasJoined && joined.cardinality() == size) {
            joined.clear();
            steps.add(new Step.Joined(rank));
        }
        return steps;
    }

    private String name(int rank, Announcement.Item item) throws IOException {
        return item instanceof Announcement.Refused refused
                ? refused.name()
                : request(rank, item).name();
    }

    private Request request(int rank, Announcement.Item item) throws IOException {
        if (item instanceof Announcement.Fresh fresh) {
            return fresh.request();
        }
        int number = ((Announcement.Known) item).number();
        if (number >= known.size()) {
            throw new IOException("it announced the unknown number " + number);
        }
        return known.get(number).requests().get(rank);
    }

    /** Notes what a rank says of a name, which may be ready now. */
    private void propose(
            int rank, Announcement.Item item, long nowNanos, Map<String, Proposal> ready)
            throws IOException {
        String name = name(rank, item);
        Proposal proposal = proposals.computeIfAbsent(name, key -> new Proposal(key, size));
        if (proposal.has(rank)) {
            Optional<Request> request =
                    item instanceof Announcement.Refused
                            ? Optional.empty()
                            : Optional.of(request(rank, item));
            proposal.keep(new Proposal.Later(rank, item, request, nowNanos));
        } else if (item instanceof Announcement.Refused refused) {
            proposal.refuse(rank, refused);
        } else {
            int number = item instanceof Announcement.Known known ? known.number() : -1;
            proposal.add(rank, request(rank, item), number, nowNanos);
            lastNames.set(rank, name);
        }
        if (proposal.isReady(joined)) {
            proposals.remove(name);
            ready.put(name, proposal);
        }
    }

    /** Those that waited only for a rank that has joined. */
    private void takeReady(Map<String, Proposal> ready) {
        proposals.values().stream()
                .filter(proposal -> proposal.isReady(joined))
                .forEach(proposal -> ready.put(proposal.name(), proposal));
        proposals.keySet().removeAll(ready.keySet());
    }

    /** Agrees on these, and on what ranks have said of the same names since. */
    private List<Step> agreeOnAll(Map<String, Proposal> first) throws IOException {
        List<Step> steps = new ArrayList<>();
        Map<String, Proposal> ready = first;
        while (!ready.isEmpty()) {
            List<Proposal> answered = new ArrayList<>(ready.values());
            steps.addAll(agree(List.copyOf(ready.values()), answered));
            Map<String, Proposal> next = new LinkedHashMap<>();
            for (Proposal proposal : answered) {
                for (Proposal.Later later : proposal.later()) {
                    propose(later.rank(), later.item(), later.sinceNanos(), next);
                }
            }
            ready = next;
        }
        return steps;
    }

    /**
     * Agrees on these.
     *
     * @param answered also takes others of their groups, where these are refused
     */
    private List<Step> agree(List<Proposal> ready, List<Proposal> answered) {
        List<Step> steps = new ArrayList<>();
        List<Candidate<Proposal>> candidates = new ArrayList<>();
        Map<String, Step.Refuse> refusedGroups = refusedGroups(ready);
        for (Proposal proposal : ready) {
            Optional<Step.Refuse> cause =
                    refuse(proposal).or(() -> ofGroup(proposal, refusedGroups));
            if (cause.isPresent()) {
                steps.add(refusal(proposal, cause.get()));
            } else if (proposal.first().grouping().isGroup()) {
                hold(proposal, candidates);
            } else {
                candidates.add(candidate(proposal));
            }
        }
        refusedGroups.forEach(
                (name, cause) ->
                        takeGroup(name)
                                .forEach(
                                        each -> {
                                            steps.add(refusal(each, cause));
                                            answered.add(each);
                                        }));
        for (List<Proposal> batch : planner.plan(candidates)) {
            int absent = batch.get(0).absent();
            steps.add(new Step.Run(batch.stream().map(this::entry).toList(), absent));
        }
        return steps;
    }

    private static Optional<Step.Refuse> ofGroup(
            Proposal proposal, Map<String, Step.Refuse> refusedGroups) {
        return Optional.ofNullable(refusedGroups.get(proposal.first().grouping().name()));
    }

    private Map<String, Step.Refuse> refusedGroups(List<Proposal> ready) {
        Map<String, Step.Refuse> refused = new HashMap<>();
        for (Proposal proposal : ready) {
            refuse(proposal)
                    .ifPresent(
                            cause ->
                                    proposal.groups()
                                            .forEach(name -> refused.putIfAbsent(name, cause)));
        }
        return refused;
    }

    /** Has a tensor of a group wait for the others, or all of it run. */
    private void hold(Proposal proposal, List<Candidate<Proposal>> candidates) {
        Request.Grouping grouping = proposal.first().grouping();
        List<Proposal> group = groups.computeIfAbsent(grouping.name(), name -> new ArrayList<>());
        group.add(proposal);
        if (group.size() == grouping.size()) {
            groups.remove(grouping.name());
            group.forEach(each -> candidates.add(candidate(each)));
        }
    }

    /**
     * Those of a group that wait, and those that not all ranks have: each rank announces all of its
     * group at once.
     */
    private List<Proposal> takeGroup(String name) {
        List<Proposal> group = new ArrayList<>(groups.getOrDefault(name, List.of()));
        groups.remove(name);
        proposals
                .values()
                .removeIf(proposal -> proposal.groups().contains(name) && group.add(proposal));
        return group;
    }

    private Optional<Step.Refuse> refuse(Proposal proposal) {
        return proposal.number() >= 0
                ? Optional.empty()
                : proposal.refusal(names)
                        .or(() -> Disagreement.of(proposal.requests(), names))
                        .map(
                                reason ->
                                        new Step.Refuse(
                                                proposal.name(), reason, proposal.refusing()));
    }

    private static Step.Refuse refusal(Proposal proposal, Step.Refuse cause) {
        return proposal.name().equals(cause.name())
                ? cause
                : new Step.Refuse(
                        proposal.name(),
                        "'%s' does not run, because another of its group does not: %s"
                                .formatted(proposal.name(), cause.reason()),
                        proposal.refusing());
    }

    private Candidate<Proposal> candidate(Proposal proposal) {
        Request request = proposal.first();
        CollectiveCall call = request.call();
        boolean isFusible =
                call.kind() == Kind.ALL_REDUCE
                        && call.memory() == Memory.HOST
                        && !call.isPrescaled()
                        && (call.op() == null || call.op().isElementWise())
                        && proposal.absent() == 0
                        && request.byteCount() <= planner.mostBytes();
        Object kind = isFusible ? List.of(call.type(), String.valueOf(call.op())) : Candidate.ALONE;
        return new Candidate<>(proposal, kind, request.byteCount());
    }

    private Step.Entry entry(Proposal proposal) {
        if (proposal.number() >= 0) {
            return known.get(proposal.number()).entry();
        }
        List<Request> all = new ArrayList<>();
        proposal.requests().stream()
                .flatMap(r -> Optional.ofNullable(r).stream())
                .forEach(all::add);
        Request first = proposal.first();
        boolean isNumbered =
                all.size() == size && first.comesAgain() && known.size() < MOST_NUMBERS;
        OptionalInt number = isNumbered ? OptionalInt.of(known.size()) : OptionalInt.empty();
        List<Long> rows = proposal.rows();
        if (isNumbered) {
            boolean areEqual = all.stream().allMatch(first::equals);
            List<Request> requests = areEqual ? Collections.nCopies(size, first) : all;
            known.add(new Known(new Step.Entry(first, rows, number, true), requests));
        }
        return new Step.Entry(first, rows, number, false);
    }

    /** The names that have waited for some ranks for so long, the oldest first. */
    List<Waiting> waiting(long nowNanos, long leastNanos) {
        List<Waiting> waiting = new ArrayList<>();
        for (Proposal proposal : proposals.values()) {
            proposal.oldest()
                    .filter(oldest -> nowNanos - oldest.sinceNanos() >= leastNanos)
                    .ifPresent(oldest -> waiting.add(waiting(proposal, oldest)));
        }
        waiting.sort(Comparator.comparingLong(each -> each.sinceNanos() - nowNanos));
        return waiting;
    }

    private Waiting waiting(Proposal proposal, Proposal.Oldest oldest) {
        List<Integer> missing = new ArrayList<>(proposal.ranks(false));
        missing.removeIf(joined::get);
        return new Waiting(
                oldest.request(), List.copyOf(proposal.submitting()), missing, oldest.sinceNanos());
    }

    /** The name that a rank has announced last; empty if none yet. */
    Optional<String> lastName(int rank) {
        return Optional.ofNullable(lastNames.get(rank));
    }
}
