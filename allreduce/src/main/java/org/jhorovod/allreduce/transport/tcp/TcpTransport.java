package org.jhorovod.allreduce.transport.tcp;

import java.io.IOException;
import org.jhorovod.allreduce.rendezvous.Identity.Purpose;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
import org.jhorovod.allreduce.spi.Meeting;
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
    public RingLinks open(Meeting meeting) throws IOException {
        int rank = meeting.self().rank();
        int size = meeting.self().size();
        TimedChannel next = meeting.dial((rank + 1) % size, Purpose.DATA);
        TimedChannel previous = meeting.awaitArrival((rank + size - 1) % size, Purpose.DATA);
        return new SocketRingLinks(next.release(), previous.release());
    }
}
