package org.jhorovod.djl.local;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.codec.CommunicatorExchange;
import org.jhorovod.allreduce.codec.Exchange;
import org.jhorovod.allreduce.collective.Communicator;

/**
 * Where this rank stands among the sites of its job.
 *
 * @param inside the ranks of this site
 * @param across the carriers of all sites; empty on a rank that is no carrier
 * @param streams those of the same carriers by which long messages travel, with connections of
 *     their own; {@code across} is the first; none on a rank that is no carrier
 */
public record Sites(Communicator inside, Optional<Communicator> across, List<Communicator> streams)
        implements AutoCloseable {
    private static final int CARRIERS = 0;

    /**
     * Divides the ranks. A collective: blocks until all ranks have done so.
     *
     * @param name for messages, the same on all ranks
     * @param streams how many connections two carriers share their work by; 0 for so many as it
     *     takes where messages take long
     */
    public static Sites of(Communicator job, String name, SiteChoice choice, int streams) {
        List<Communicator> opened = new ArrayList<>();
        try {
            Communicator inside = choice.divide(job, name + "/site");
            opened.add(inside);
            boolean isCarrier = inside.rank() == 0;
            Communicator carriers =
                    job.split(
                            // The number is part of it, so that ranks that differ are told.
                            "%s/carriers-of-%d-streams".formatted(name, streams),
                            isCarrier ? CARRIERS : 1 + job.rank());
            opened.add(carriers);
            if (!isCarrier) {
                carriers.close(); // it is alone
                return new Sites(inside, Optional.empty(), List.of());
            }
            int count = streams > 0 ? streams : Streams.count(carriers, name);
            for (int stream = 1; stream < count; stream++) {
                opened.add(carriers.split("%s/stream-%d".formatted(name, stream), CARRIERS));
            }
            return new Sites(
                    inside, Optional.of(carriers), List.copyOf(opened.subList(1, opened.size())));
        } catch (RuntimeException e) {
            opened.forEach(Communicator::close);
            throw e;
        }
    }

    /** What a carrier does with the others, over all streams, under a name that is theirs too. */
    public Exchange exchange(String name) {
        return new CommunicatorExchange(streams, name);
    }

    /** Closes all; all ranks do so at the same point. */
    @Override
    public void close() {
        streams.forEach(Communicator::close);
        inside.close();
    }
}
