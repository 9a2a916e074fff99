package org.jhorovod.allreduce;

import static java.util.stream.Collectors.joining;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;

/**
 * The ranks that form a communicator together: all of a job, or those of one colour of a split.
 *
 * @param path tells the groups of a job apart in its store; empty for all ranks
 * @param jobRanks the job's number of each member, in the members' order
 * @param host the name of this rank's host
 */
record Group(String path, List<Integer> jobRanks, String host) {

    /** All ranks of a job. */
    static Group job(Topology self) {
        return new Group("", self.ranks(), self.host());
    }

    /** A part of this group, by the members' numbers in it. */
    Group part(String name, List<Integer> members) {
        return new Group(path + name + "/", members.stream().map(jobRanks::get).toList(), host);
    }

    /** Which ranks it has, in words. */
    String describe() {
        String numbers = jobRanks.stream().map(String::valueOf).collect(joining(", "));
        return "%s (ranks %s of the job)".formatted(path.substring(0, path.length() - 1), numbers);
    }

    /** The job's number of a member. */
    int inJob(int rank) {
        return jobRanks.get(rank);
    }

    /**
     * A member's place, with the job's number of it where messages name its host; without it where
     * the two numbers are the same, as in a group of all ranks.
     */
    Topology named(Topology place) {
        int inJob = inJob(place.rank());
        return new Topology(
                place.rank(),
                place.size(),
                place.localRank(),
                place.localSize(),
                place.crossRank(),
                place.crossSize(),
                inJob == place.rank() ? host : "%s (rank %d of the job)".formatted(host, inJob));
    }
}
