package org.jhorovod.djl.local;

import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;

/**
 * Where this rank stands among the sites of its job.
 *
 * @param inside the ranks of this site
 * @param across the carriers of all sites; empty on a rank that is no carrier
 */
public record Sites(Communicator inside, Optional<Communicator> across) implements AutoCloseable {
    private static final int CARRIERS = 0;

    /**
     * Divides the ranks. A collective: blocks until all ranks have done so.
     *
     * @param name for messages, the same on all ranks
     */
    public static Sites of(Communicator job, String name, SiteChoice choice) {
        Communicator inside = choice.divide(job, name + "/site");
        boolean isCarrier = inside.rank() == 0;
        Communicator carriers;
        try {
            carriers = job.split(name + "/carriers", isCarrier ? CARRIERS : 1 + job.rank());
        } catch (RuntimeException e) {
            inside.close();
            throw e;
        }
        if (!isCarrier) {
            carriers.close(); // it is alone
        }
        return new Sites(inside, isCarrier ? Optional.of(carriers) : Optional.empty());
    }

    /** Closes both; all ranks do so at the same point. */
    @Override
    public void close() {
        across.ifPresent(Communicator::close);
        inside.close();
    }
}
