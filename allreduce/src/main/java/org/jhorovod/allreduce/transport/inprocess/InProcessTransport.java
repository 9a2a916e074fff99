package org.jhorovod.allreduce.transport.inprocess;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Transport;

/** Pipes between ranks that are threads of this process; one object serves all of them. */
public final class InProcessTransport implements Transport {
    private final Map<End, Pipe> pipes = new ConcurrentHashMap<>();

    /** Where a pipe starts. */
    private record End(Purpose purpose, int rank) {}

    @Override
    public String name() {
        return "inprocess";
    }

    @Override
    public RingLinks open(Meeting meeting, Ring ring) {
        return new PipeRingLinks(
                pipe(ring.purpose(), ring.rank()), pipe(ring.purpose(), ring.previousRank()));
    }

    private Pipe pipe(Purpose purpose, int fromRank) {
        return pipes.computeIfAbsent(new End(purpose, fromRank), end -> new Pipe());
    }
}
