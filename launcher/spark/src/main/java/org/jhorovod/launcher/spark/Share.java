package org.jhorovod.launcher.spark;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import scala.Tuple2;

/**
 * A rank's rows: those with the numbers {@code rank}, {@code rank + size} and so on, in order.
 *
 * @param rank whose
 * @param size of how many ranks
 * @param total rows of all ranks
 * @param samples this rank's
 */
record Share(int rank, int size, long total, List<Sample> samples) {

    /** Reads a partition, and counts the rows together with the other ranks. */
    static Share read(Communicator communicator, Iterator<Tuple2<Long, Sample>> partition) {
        int rank = communicator.rank();
        int size = communicator.size();
        List<Sample> samples = new ArrayList<>();
        while (partition.hasNext()) {
            Tuple2<Long, Sample> row = partition.next();
            long expected = rank + (long) samples.size() * size;
            if (row._1() != expected) {
                throw new IllegalStateException(
                        "bug: rank %d got row %d where row %d comes next"
                                .formatted(rank, row._1(), expected));
            }
            samples.add(row._2());
        }
        return new Share(rank, size, sum(communicator, samples.size()), samples);
    }

    private static long sum(Communicator communicator, long own) {
        HostTensor count = HostTensor.allocate(DataType.INT64, 1);
        ByteBuffer bytes = count.buffers().get(0);
        bytes.putLong(0, own);
        communicator.allReduce("spark/rows", count, ReduceOp.SUM);
        return bytes.getLong(0);
    }

    /** One of this rank's rows. */
    Sample sample(long row) {
        if (row % size != rank || row < 0 || row >= total) {
            throw new IllegalArgumentException(
                    "Row %d is not on rank %d, which holds every %d-th of the %d rows from row %d on. Iterate over trainer.iterateDataset(dataset), which asks each rank for its own."
                            .formatted(row, rank, size, total, rank));
        }
        return samples.get((int) (row / size));
    }
}
