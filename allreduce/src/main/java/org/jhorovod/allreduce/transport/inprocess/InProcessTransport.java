package org.jhorovod.allreduce.transport.inprocess;

import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Transport;

/** Pipes between ranks that are threads of this process; one object serves all of them. */
public final class InProcessTransport implements Transport {
    private final List<Pipe> pipes;

    /** Lays the pipes of a ring of {@code size} ranks. */
    public InProcessTransport(int size) {
        this.pipes = IntStream.range(0, size).mapToObj(rank -> new Pipe()).toList();
    }

    @Override
    public String name() {
        return "inprocess";
    }

    @Override
    public RingLinks open(Meeting meeting) {
        int rank = meeting.self().rank();
        int size = meeting.self().size();
        return new PipeRingLinks(pipes.get(rank), pipes.get((rank + size - 1) % size));
    }
}
