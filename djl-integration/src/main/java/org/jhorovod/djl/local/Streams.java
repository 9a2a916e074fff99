package org.jhorovod.djl.local;

import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections carriers share their work by. TCP starts each burst with little on its way,
 * and adds to it with each answer: where answers take long, the line idles meanwhile, and less so
 * with several.
 */
final class Streams {
    static final int MANY = 4;
    private static final Logger logger = LoggerFactory.getLogger(Streams.class);
    private static final long FAR_NANOS = TimeUnit.MILLISECONDS.toNanos(3); // one way
    private static final int TIMES = 8;

    private Streams() {}

    /**
     * Measures. A collective of the carriers.
     *
     * @param name the same on all
     * @return the same on all
     */
    static int count(Communicator carriers, String name) {
        if (carriers.size() == 1) {
            return 1;
        }
        long nanos =
                Stream.of(Numbers.gather(carriers, name + "/hops", hop(carriers, name)))
                        .mapToLong(ofCarrier -> ofCarrier[0])
                        .max()
                        .orElse(0);
        int count = nanos > FAR_NANOS ? MANY : 1;
        if (carriers.rank() == 0 && count > 1) {
            logger.info(
                    "A message takes {} ms from one site to the next: {} connections share what is"
                            + " long.",
                    TimeUnit.NANOSECONDS.toMillis(nanos),
                    count);
        }
        return count;
    }

    /** How long a message takes to the next carrier; the shortest, as a busy host answers late. */
    private static long hop(Communicator carriers, String name) {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < TIMES; i++) {
            long start = System.nanoTime();
            carriers.barrier(name + "/hop"); // which goes around all carriers but one
            shortest = Math.min(shortest, System.nanoTime() - start);
        }
        return shortest / (carriers.size() - 1);
    }
}
