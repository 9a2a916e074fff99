package org.jhorovod.allreduce.transport.inprocess;

import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.Transport;

/** Pipes between ranks that are threads of this process; one object serves all of them. */
public final class InProcessTransport implements Transport {
    private static final String PIPE = "pipe";

    // By the name that the rank at its start has published; taken out at its end.
    private final Map<String, Pipe> pipes = new ConcurrentHashMap<>();

    @Override
    public String name() {
        return "inprocess";
    }

    @Override
    public RingLinks open(Meeting meeting, Ring ring) throws IOException {
        String key = PIPE + "-" + ring.purpose();
        String name = UUID.randomUUID().toString();
        Pipe next = new Pipe();
        pipes.put(name, next);
        meeting.publish(key, name);
        Pipe previous = pipes.remove(meeting.awaitPublished(ring.previousRank(), key));
        if (previous == null) {
            throw new IOException(
                    "rank %d is no thread of this process".formatted(ring.previousRank()));
        }
        return new PipeRingLinks(next, previous);
    }
}
