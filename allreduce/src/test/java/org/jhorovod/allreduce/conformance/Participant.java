package org.jhorovod.allreduce.conformance;

import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;

/**
 * One rank of a group under test.
 *
 * @param named the backend under test behind it
 * @param place where its tensors lie
 * @param death ends this rank as a crash does, without a goodbye; returns only where the rank is a
 *     thread
 */
public record Participant(NamedCommunicator named, TensorPlace place, Runnable death) {

    /** Whose collectives all ranks call in the same order. */
    Communicator communicator() {
        return named.planned();
    }

    int rank() {
        return named.rank();
    }

    int size() {
        return named.size();
    }

    /** What each rank says, by rank; through host memory, which every backend's job has. */
    long[] gather(String name, long mine) {
        HostTensor input = HostTensor.allocate(DataType.INT64, 1);
        HostTensor output = HostTensor.allocate(DataType.INT64, size());
        input.buffers().get(0).putLong(mine);
        communicator().allGather(name, input, output);
        long[] all = new long[size()];
        output.buffers().get(0).asLongBuffer().get(all);
        return all;
    }
}
