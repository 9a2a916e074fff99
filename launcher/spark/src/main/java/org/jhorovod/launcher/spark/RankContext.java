package org.jhorovod.launcher.spark;

import org.jhorovod.allreduce.collective.Communicator;

/**
 * What a rank that runs as a task of Spark is told. For use inside the task.
 *
 * @param communicator the way to the other ranks
 * @param restarts how often the job had failed and was begun anew
 */
public record RankContext(Communicator communicator, int restarts) {

    /** This rank's number, from 0; that of its partition. */
    public int rank() {
        return communicator.rank();
    }

    /** How many ranks the job has. */
    public int size() {
        return communicator.size();
    }
}
