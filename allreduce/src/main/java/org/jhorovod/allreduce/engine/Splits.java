package org.jhorovod.allreduce.engine;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jhorovod.allreduce.algorithm.Division;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Topology;

/**
 * The groups that the ranks of a communicator have been divided into, as far as this rank is in.
 */
final class Splits {
    private static final int COLOUR = 0;
    private static final int NUMBERS = 5; // colour, local rank and size, cross rank and size

    private final Topology self;
    private final Splitting splitting;
    // Guarded by this.
    private final List<EngineCommunicator> groups = new ArrayList<>();
    private int count;

    Splits(Topology self, Splitting splitting) {
        this.self = self;
        this.splitting = splitting;
    }

    /** Divides the ranks of a communicator, all of which do so; see {@link Communicator#split}. */
    EngineCommunicator split(Communicator whole, String name, int colour) {
        if (colour < 0) {
            throw new IllegalArgumentException(
                    "The colour of a split must be 0 or more, not %d ('%s')."
                            .formatted(colour, name));
        }
        HostTensor told = tell(whole, name, colour);
        List<Topology> places = new ArrayList<>();
        List<Integer> colours = new ArrayList<>();
        for (int rank = 0; rank < self.size(); rank++) {
            IntBuffer numbers = told.buffers().get(0).asIntBuffer();
            int first = rank * NUMBERS;
            colours.add(numbers.get(first + COLOUR));
            places.add(
                    new Topology(
                            rank,
                            self.size(),
                            numbers.get(first + 1),
                            numbers.get(first + 2),
                            numbers.get(first + 3),
                            numbers.get(first + 4),
                            self.host()));
        }
        Division division = Division.of(places, colours, self);
        EngineCommunicator group =
                splitting.form(number(name), division.members(), division.self());
        synchronized (this) {
            groups.add(group);
        }
        return group;
    }

    private synchronized String number(String name) {
        count++;
        return name + "-" + count;
    }

    private HostTensor tell(Communicator whole, String name, int colour) {
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
        return all;
    }

    /** Closes the groups that are not closed yet, the last one first. */
    void closeAll(Consumer<EngineCommunicator> closing) {
        List<EngineCommunicator> open;
        synchronized (this) {
            open = new ArrayList<>(groups);
            groups.clear();
        }
        for (int i = open.size() - 1; i >= 0; i--) {
            closing.accept(open.get(i));
        }
    }
}
