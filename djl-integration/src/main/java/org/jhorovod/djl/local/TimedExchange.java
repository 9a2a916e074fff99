package org.jhorovod.djl.local;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.codec.Exchange;

/** An exchange that adds up how long it takes. */
final class TimedExchange implements Exchange {
    private final Exchange exchange;
    private long nanos;

    TimedExchange(Exchange exchange) {
        this.exchange = exchange;
    }

    /** What all calls have taken so far. */
    long nanos() {
        return nanos;
    }

    @Override
    public int size() {
        return exchange.size();
    }

    @Override
    public int position() {
        return exchange.position();
    }

    @Override
    public void allGather(ByteBuffer own, ByteBuffer all) {
        long start = System.nanoTime();
        exchange.allGather(own, all);
        nanos += System.nanoTime() - start;
    }

    @Override
    public void allReduce(ByteBuffer sum) {
        long start = System.nanoTime();
        exchange.allReduce(sum);
        nanos += System.nanoTime() - start;
    }
}
