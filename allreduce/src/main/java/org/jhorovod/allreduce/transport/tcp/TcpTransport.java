package org.jhorovod.allreduce.transport.tcp;

import java.io.IOException;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.rendezvous.TlsWire;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Ring;
import org.jhorovod.allreduce.transport.RingLinks;
import org.jhorovod.allreduce.transport.SocketRingLinks;
import org.jhorovod.allreduce.transport.TlsRingLinks;
import org.jhorovod.allreduce.transport.Transport;

/** TCP by the listeners that the ranks have anyway; socket buffers are the kernel's to tune. */
public final class TcpTransport implements Transport {

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public RingLinks open(Meeting meeting, Ring ring) throws IOException {
        TimedChannel next = meeting.connectTo(ring.nextRank(), ring.purpose());
        TimedChannel previous = meeting.connectFrom(ring.previousRank(), ring.purpose());
        Wire toNext = next.release();
        Wire fromPrevious = previous.release();
        if (toNext instanceof TlsWire n && fromPrevious instanceof TlsWire p) {
            return new TlsRingLinks(n, p);
        }
        return new SocketRingLinks(toNext.socket(), fromPrevious.socket());
    }
}
