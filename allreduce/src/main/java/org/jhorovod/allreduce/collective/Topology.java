package org.jhorovod.allreduce.collective;

import java.util.ArrayList;
import java.util.List;

/**
 * Where one rank stands in the job.
 *
 * @param rank this process's number, 0 to {@code size - 1}
 * @param size how many processes the job has
 * @param localRank this process's number among those of its host
 * @param localSize how many processes of the job run on this host
 * @param crossRank the number of this host among those that have a process with this local rank
 * @param crossSize how many hosts have a process with this local rank
 * @param host the name of this host, for messages
 */
public record Topology(
        int rank,
        int size,
        int localRank,
        int localSize,
        int crossRank,
        int crossSize,
        String host) {

    /** Checks that each number lies in its range. */
    public Topology {
        requireMember("rank", rank, "size", size);
        requireMember("local rank", localRank, "local size", localSize);
        requireMember("cross rank", crossRank, "cross size", crossSize);
        if (localSize > size || crossSize > size) {
            throw new IllegalArgumentException(
                    "Local size %d and cross size %d must not exceed the size %d."
                            .formatted(localSize, crossSize, size));
        }
    }

    private static void requireMember(String name, int number, String countName, int count) {
        if (count < 1 || number < 0 || number >= count) {
            throw new IllegalArgumentException(
                    "The %s %d is not between 0 and %d (%s %d)."
                            .formatted(name, number, count - 1, countName, count));
        }
    }

    /** The topology of a program that was started without a launcher: one rank, alone. */
    public static Topology alone(String host) {
        return new Topology(0, 1, 0, 1, 0, 1, host);
    }

    /** The topology of one of {@code size} ranks that all run on one host. */
    public static Topology onOneHost(int rank, int size, String host) {
        return new Topology(rank, size, rank, size, 0, 1, host);
    }

    /** The numbers of all ranks, in their order. */
    public List<Integer> ranks() {
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            ranks.add(i);
        }
        return List.copyOf(ranks);
    }

    /** Whether all ranks of the job run on this host. */
    public boolean isOneHost() {
        return localSize == size;
    }

    /** This rank and its host as messages name them. */
    public String describe() {
        return "rank " + rank + " on " + host;
    }
}
