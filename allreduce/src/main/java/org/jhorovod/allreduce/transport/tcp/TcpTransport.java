package org.jhorovod.allreduce.transport.tcp;

import java.io.IOException;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.SocketRingLinks;
import org.jhorovod.allreduce.transport.Transport;

/** TCP to the listeners that the ranks have anyway; socket buffers are the kernel's to tune. */
public final class TcpTransport implements Transport {

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public RingLinks open(Meeting meeting, Ring ring) throws IOException {
        TimedChannel next = meeting.dial(ring.nextRank(), ring.purpose());
        TimedChannel previous = meeting.awaitArrival(ring.previousRank(), ring.purpose());
        return new SocketRingLinks(next.release(), previous.release());
    }
}
