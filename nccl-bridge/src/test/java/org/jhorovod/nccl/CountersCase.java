package org.jhorovod.nccl;

import java.util.List;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.ranks.RankCase;

/** Closes the communicator, and returns what the double has counted under the given names. */
final class CountersCase implements RankCase {

    @Override
    public String run(Communicator communicator, List<String> names) throws Exception {
        communicator.close();
        DoubleControl control = DoubleControl.ofThisProcess();
        return names.stream()
                .map(name -> control.count(name) + " " + name)
                .collect(Collectors.joining(", "));
    }
}
