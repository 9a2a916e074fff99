package org.jhorovod.allreduce.engine;

import java.nio.LongBuffer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.ExchangeCounts.Difference;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;

/*
 * Note [What ranks tell each other before an all-to-all]
 * Each has counts of its own, of which every rank that passes parts on must know its share, and which
 * both ends of each part must see alike. So all ranks gather all counts through host memory before:
 * 16 bytes for each two ranks, which 100 ranks do not feel and 1000 do (16 MB). Then every rank finds
 * the same first difference, and says the same.
 */
/** Compares the counts of an all-to-all between its ranks. Used by one thread at a time. */
final class CountsComparison {
    private final HostMemoryBackend host;
    private HostTensor mine = HostTensor.allocate(DataType.INT64, 0);
    private HostTensor all = mine;

    CountsComparison(HostMemoryBackend host) {
        this.host = host;
    }

    /**
     * Tells the other ranks, and hears of theirs.
     *
     * @return good until the next comparison
     * @throws MismatchException if a rank sends another count than the other one expects
     */
    ExchangeCounts compare(Operation operation, Parts send, Parts receive) {
        int size = send.size();
        if (mine.elementCount() == 0) {
            mine = HostTensor.allocate(DataType.INT64, 2L * size);
            all = HostTensor.allocate(DataType.INT64, 2L * size * size);
        }
        mine.buffers().get(0).asLongBuffer().put(send.counts()).put(receive.counts());
        host.allGather(operation, mine, all);
        LongBuffer numbers = all.buffers().get(0).asLongBuffer();
        ExchangeCounts counts = new ExchangeCounts(size, numbers);
        counts.firstDifference()
                .ifPresent(
                        found -> {
                            throw mismatch(operation, counts, found);
                        });
        return counts;
    }

    private static MismatchException mismatch(
            Operation operation, ExchangeCounts counts, Difference found) {
        int from = found.from();
        int to = found.to();
        return new MismatchException(
                "The counts of the %s (operation %d) differ: rank %d sends %d elements to rank %d, and rank %d expects %d from rank %d. What a rank sends to another, the other one must receive: gather the counts from all ranks before, or compute them alike."
                        .formatted(
                                operation.call().describe(),
                                operation.sequence(),
                                from,
                                counts.sent(from, to),
                                to,
                                to,
                                counts.expected(to, from),
                                from));
    }
}
