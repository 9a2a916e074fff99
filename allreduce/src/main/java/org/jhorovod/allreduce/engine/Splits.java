package org.jhorovod.allreduce.engine;

import java.lang.ref.WeakReference;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jhorovod.allreduce.algorithm.Division;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Topology;

/**
 * The groups that the ranks of a communicator have been divided into, as far as this rank is in.
 */
final class Splits {
    private static final int NUMBERS = 5; // colour, local rank and size, cross rank and size

    private final Topology self;
    private final Splitting splitting;
    // Guarded by this. Weak: an open one is held by its threads.
    private final List<WeakReference<NegotiatingCommunicator>> groups = new ArrayList<>();
    private int count;
    private boolean isClosed;

    Splits(Topology self, Splitting splitting) {
        this.self = self;
        this.splitting = splitting;
    }

    /** Divides the ranks of a communicator, all of which do so; see {@link Communicator#split}. */
    Communicator split(Communicator whole, String name, int colour) {
        if (colour < 0 && colour != Communicator.BY_HOST) {
            throw new IllegalArgumentException(
                    "The colour of the split '%s' must be 0 or more, or BY_HOST, not %d."
                            .formatted(name, colour));
        }
        IntBuffer told = tell(whole, name, colour);
        List<Integer> colours = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            int other = told.get(rank * NUMBERS);
            if ((other == Communicator.BY_HOST) != (colour == Communicator.BY_HOST)) {
                throw new MismatchException(
                        "Rank %d gives the split '%s' the colour %d, but rank %d the colour %d: give BY_HOST (%d) on all ranks, or on none."
                                .formatted(
                                        self.rank(),
                                        name,
                                        colour,
                                        rank,
                                        other,
                                        Communicator.BY_HOST));
            }
            colours.add(other);
        }
        List<Topology> places = places(told);
        Division division =
                colour == Communicator.BY_HOST
                        ? Division.byHost(places, self)
                        : Division.of(places, colours, self);
        return form(number(name), division).planned();
    }

    /**
     * Forms the communicator of some ranks; all ranks call it.
     *
     * @param name that no other part has
     * @return empty if this rank is none of them
     */
    Optional<NegotiatingCommunicator> part(Communicator whole, String name, List<Integer> ranks) {
        List<Topology> places = places(tell(whole, name, 0));
        if (!ranks.contains(self.rank())) {
            return Optional.empty();
        }
        List<Integer> colours = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            colours.add(ranks.contains(rank) ? 0 : 1);
        }
        return Optional.of(form(name, Division.of(places, colours, self)));
    }

    private NegotiatingCommunicator form(String name, Division division) {
        NegotiatingCommunicator group = splitting.form(name, division.members(), division.self());
        boolean isLate;
        synchronized (this) {
            isLate = isClosed;
            groups.removeIf(known -> known.refersTo(null));
            groups.add(new WeakReference<>(group));
        }
        if (isLate) {
            group.close();
        }
        return group;
    }

    private synchronized String number(String name) {
        count++;
        return name + "-" + count;
    }

    private List<Topology> places(IntBuffer told) {
        List<Topology> places = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            int first = rank * NUMBERS;
            places.add(
                    new Topology(
                            rank,
                            self.size(),
                            told.get(first + 1),
                            told.get(first + 2),
                            told.get(first + 3),
                            told.get(first + 4),
                            self.host()));
        }
        return places;
    }

    private IntBuffer tell(Communicator whole, String name, int colour) {
        HostTensor own = HostTensor.allocate(DataType.INT32, NUMBERS);
        own.buffers()
                .get(0)
                .asIntBuffer()
                .put(
                        new int[] {
                            colour,
                            self.localRank(),
                            self.localSize(),
                            self.crossRank(),
                            self.crossSize()
                        });
        HostTensor all = HostTensor.allocate(DataType.INT32, (long) NUMBERS * self.size());
        whole.allGather(name + "/split", own, all);
        return all.buffers().get(0).asIntBuffer();
    }

    /** Closes the groups that are not closed yet, the last one first. */
    void closeAll(Consumer<NegotiatingCommunicator> closing) {
        List<WeakReference<NegotiatingCommunicator>> open;
        synchronized (this) {
            open = new ArrayList<>(groups);
            groups.clear();
            isClosed = true;
        }
        for (int i = open.size() - 1; i >= 0; i--) {
            NegotiatingCommunicator group = open.get(i).get();
            if (group != null) {
                closing.accept(group);
            }
        }
    }
}
