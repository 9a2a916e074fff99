package org.jhorovod.allreduce.engine;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;

/** Forms the communicator of a part of a communicator's ranks. */
@FunctionalInterface
public interface Splitting {

    /**
     * Blocks until all members have met.
     *
     * @param name tells this part from others of the same ranks, on all members
     * @param members their numbers here, in their order
     * @param self this rank among them
     */
    NegotiatingCommunicator form(String name, List<Integer> members, Topology self);
}
