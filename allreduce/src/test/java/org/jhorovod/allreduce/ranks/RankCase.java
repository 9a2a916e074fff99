package org.jhorovod.allreduce.ranks;

import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;

/**
 * What every rank of a {@link RankGroup} does in one test. Has a constructor without parameters.
 */
public interface RankCase {

    /**
     * Runs on one rank.
     *
     * @param communicator of the group; stays open
     * @param arguments from the test, the same on all ranks
     * @return what the test gets to see of this rank
     */
    String run(Communicator communicator, List<String> arguments) throws Exception;
}
