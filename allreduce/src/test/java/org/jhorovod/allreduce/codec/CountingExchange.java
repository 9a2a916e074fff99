package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;

/** Counts the bytes that each carrier of another exchange sends if these go around a ring. */
final class CountingExchange implements Exchange {
    private final Exchange exchange;
    private double bytesSent;

    CountingExchange(Exchange exchange) {
        this.exchange = exchange;
    }

    double bytesSent() {
        return bytesSent;
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
        bytesSent += (double) all.remaining() - own.remaining();
        exchange.allGather(own, all);
    }

    @Override
    public void allReduce(ByteBuffer sum) {
        // Of C chunks, each goes to the C-1 others twice.
        double chunks = size();
        bytesSent += 2 * (chunks - 1) * (sum.remaining() / chunks);
        exchange.allReduce(sum);
    }
}
