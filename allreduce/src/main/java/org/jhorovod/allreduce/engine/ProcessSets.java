package org.jhorovod.allreduce.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ProcessSet;

/** The process sets of a job, which all its ranks know. Safe for use by several threads. */
final class ProcessSets {
    private final NegotiatingCommunicator whole;
    private final Splits splits;
    private final Map<Integer, List<Integer>> known = new HashMap<>(); // guarded by this
    private int lastId; // guarded by this

    /** Of the ranks of a communicator. */
    ProcessSets(NegotiatingCommunicator whole, Splits splits) {
        this.whole = whole;
        this.splits = splits;
    }

    /** Adds a set; one at a time, so that all ranks give the same numbers. */
    synchronized ProcessSet add(List<Integer> given) {
        int id = lastId + 1;
        String name = "process-set-" + id;
        List<Integer> ranks = whole.checked(name, () -> sensible(given));
        requireAgreement(name, ranks);
        known.forEach(
                (other, ofOther) -> {
                    if (ofOther.equals(ranks)) {
                        throw new IllegalArgumentException(
                                "The ranks %s are process set %d already. Use that one, or close it first."
                                        .formatted(ranks, other));
                    }
                });
        lastId = id;
        known.put(id, ranks);
        return new Formed(id, ranks, splits.part(whole, name, ranks));
    }

    /** The ranks in their order. */
    private List<Integer> sensible(List<Integer> given) {
        List<Integer> ranks = List.copyOf(new TreeSet<>(given));
        if (ranks.isEmpty() || ranks.size() != given.size()) {
            throw new IllegalArgumentException(
                    "A process set has one rank or more, and each once, not %s.".formatted(given));
        }
        int last = ranks.get(ranks.size() - 1);
        if (ranks.get(0) < 0 || last >= whole.size()) {
            throw new IllegalArgumentException(
                    "No process set has the ranks %s: the job has the ranks 0 to %d."
                            .formatted(given, whole.size() - 1));
        }
        return ranks;
    }

    /** Compares what all ranks give. */
    private void requireAgreement(String name, List<Integer> ranks) {
        HostTensor own = HostTensor.allocate(DataType.INT32, whole.size());
        for (int rank : ranks) {
            own.buffers().get(0).putInt(rank * Integer.BYTES, 1);
        }
        HostTensor all = whole.allGather(name, own);
        for (int rank = 0; rank < whole.size(); rank++) {
            List<Integer> theirs = new ArrayList<>();
            for (int member = 0; member < whole.size(); member++) {
                int place = (rank * whole.size() + member) * Integer.BYTES;
                if (all.buffers().get(0).getInt(place) != 0) {
                    theirs.add(member);
                }
            }
            if (!theirs.equals(ranks)) {
                throw new MismatchException(
                        "The ranks do not agree on a process set: rank %d gave the ranks %s, rank %d %s. All ranks of the job add the same sets in the same order."
                                .formatted(whole.rank(), ranks, rank, theirs));
            }
        }
    }

    private synchronized void remove(int id) {
        known.remove(id);
    }

    private final class Formed implements ProcessSet {
        private final int id;
        private final List<Integer> ranks;
        private final Optional<NegotiatingCommunicator> communicator; // empty on other ranks
        private boolean isClosed; // guarded by this

        Formed(int id, List<Integer> ranks, Optional<NegotiatingCommunicator> communicator) {
            this.id = id;
            this.ranks = ranks;
            this.communicator = communicator;
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public List<Integer> ranks() {
            return ranks;
        }

        @Override
        public boolean isMember() {
            return communicator.isPresent();
        }

        @Override
        public synchronized NamedCommunicator communicator() {
            if (isClosed || communicator.isEmpty()) {
                throw new IllegalStateException(
                        "Rank %d cannot use process set %d %s: %s"
                                .formatted(
                                        whole.rank(),
                                        id,
                                        ranks,
                                        isClosed
                                                ? "it has been removed. Add it again first."
                                                : "it is not in it. Ask isMember() first."));
            }
            return communicator.get();
        }

        @Override
        public void close() {
            synchronized (this) {
                if (isClosed) {
                    return;
                }
                isClosed = true;
            }
            whole.barrier("process-set-%d/close".formatted(id));
            communicator.ifPresent(NegotiatingCommunicator::close);
            remove(id);
        }
    }
}
