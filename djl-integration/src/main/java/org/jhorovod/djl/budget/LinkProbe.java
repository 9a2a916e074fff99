package org.jhorovod.djl.budget;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import org.jhorovod.allreduce.codec.Exchange;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * Measures the line between carriers: a few small exchanges for its delay, then doubling ones for
 * its rate, about a second at most unless one exchange alone takes longer. Used by one thread.
 */
public final class LinkProbe {
    private static final int SMALL = 6;
    private static final double SMALL_SECONDS = 0.3;
    private static final double ENOUGH_SECONDS = 0.2;
    private static final double MOST_SECONDS = 1;
    private static final int FIRST_BYTES = 64 << 10;
    private static final int MOST_BYTES = 64 << 20; // of all carriers together

    private final Communicator carriers;
    private final Exchange exchange;
    private final String name;
    private final HostTensor own = HostTensor.allocate(DataType.INT64, 1);
    private final HostTensor all;

    private LinkProbe(Communicator carriers, Exchange exchange, String name) {
        this.carriers = carriers;
        this.exchange = exchange;
        this.name = name;
        this.all = HostTensor.allocate(DataType.INT64, carriers.size());
    }

    /**
     * Measures. Blocks for the slowest carrier.
     *
     * @param carriers of all sites, at least 2
     * @param exchange of the same carriers, by which what is long travels
     * @param owner the trainer's name on all ranks
     */
    public static Link measure(Communicator carriers, Exchange exchange, String owner) {
        LinkProbe probe = new LinkProbe(carriers, exchange, owner + "/link");
        double delay = probe.delay();
        return new Link(probe.rate(delay), delay);
    }

    private double delay() {
        tell(0); // the first also waits for the slowest carrier
        double least = Double.MAX_VALUE;
        double sum = 0;
        double last = 0;
        for (int i = 0; i < SMALL && sum < SMALL_SECONDS; i++) {
            long start = System.nanoTime();
            double before = tell(last); // of the exchange before, the same on all carriers
            last = (System.nanoTime() - start) / 1e9;
            if (i > 0) {
                least = Math.min(least, before);
                sum += before;
            }
        }
        return Math.min(least, tell(last));
    }

    private double rate(double delay) {
        double sum = 0;
        double seconds = 0;
        int bytes = FIRST_BYTES / 2;
        do {
            bytes *= 2;
            seconds = tell(exchange(bytes));
            sum += seconds;
        } while (seconds < ENOUGH_SECONDS
                && sum + 2 * seconds < MOST_SECONDS
                && 2L * bytes * carriers.size() <= MOST_BYTES);
        double sent = (double) bytes * (carriers.size() - 1);
        return sent / Math.max(seconds - delay, seconds / 2);
    }

    private double exchange(int bytes) {
        ByteBuffer mine = ByteBuffer.allocateDirect(bytes);
        ByteBuffer each = ByteBuffer.allocateDirect(bytes * carriers.size());
        long start = System.nanoTime();
        exchange.allGather(mine, each);
        return (System.nanoTime() - start) / 1e9;
    }

    /** The most that a carrier tells. */
    private double tell(double seconds) {
        own.buffers().get(0).asLongBuffer().put(Math.round(seconds * 1e9));
        carriers.allGather(name + "/seconds", own, all);
        LongBuffer told = all.buffers().get(0).asLongBuffer();
        long most = 0;
        while (told.hasRemaining()) {
            most = Math.max(most, told.get());
        }
        return most / 1e9;
    }
}
