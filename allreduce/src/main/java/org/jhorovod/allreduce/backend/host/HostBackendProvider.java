package org.jhorovod.allreduce.backend.host;

import com.google.common.base.Ascii;
import java.io.IOException;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.TransportChoice;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.HostMemoryProvider;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.shm.NoSharedMemoryException;
import org.jhorovod.allreduce.transport.shm.SegmentFiles;
import org.jhorovod.allreduce.transport.shm.SharedMemoryTransport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.jhorovod.allreduce.transport.unix.UnixTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens our own collectives over the transports that fit the job; always there. */
public final class HostBackendProvider implements HostMemoryProvider {
    private static final Logger logger = LoggerFactory.getLogger(HostBackendProvider.class);

    @Override
    public String name() {
        return "host";
    }

    @Override
    public Availability probe(Configuration configuration) {
        return Availability.available("built in; transports shm, unix and tcp");
    }

    @Override
    public HostMemoryBackend open(Meeting meeting) throws IOException {
        TransportChoice choice = meeting.configuration().get(Settings.TRANSPORT);
        Topology self = meeting.self();
        if (!self.isOneHost()) {
            return overTcp(meeting, choice);
        }
        return switch (choice) {
            case TCP -> ring(meeting, new TcpTransport());
            case UNIX -> ring(meeting, new UnixTransport());
            case SHM -> sharedMemory(meeting);
            case AUTO -> sharedMemoryOrUnix(meeting);
        };
    }

    private static HostMemoryBackend overTcp(Meeting meeting, TransportChoice choice)
            throws IOException {
        Topology self = meeting.self();
        if (choice == TransportChoice.UNIX || choice == TransportChoice.SHM) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_TRANSPORT is %s, but only %d of %d ranks run on this host: use auto or tcp."
                                    .formatted(
                                            Ascii.toLowerCase(choice.name()),
                                            self.localSize(),
                                            self.size())));
        }
        Transport insideHost =
                choice == TransportChoice.TCP ? new TcpTransport() : new UnixTransport();
        return new RingAssembly(meeting, new TcpTransport(), insideHost).assemble();
    }

    private static HostMemoryBackend ring(Meeting meeting, Transport transport) throws IOException {
        return new RingAssembly(meeting, transport, transport).assemble();
    }

    private static HostMemoryBackend sharedMemory(Meeting meeting) throws IOException {
        Topology self = meeting.self();
        List<Integer> ranks = self.ranks();
        SegmentFiles files = new SegmentFiles(meeting.configuration());
        return new SharedMemoryBackend(
                self, new SharedMemoryTransport(meeting, files, ranks).open(), files);
    }

    private static HostMemoryBackend sharedMemoryOrUnix(Meeting meeting) throws IOException {
        try {
            return sharedMemory(meeting);
        } catch (NoSharedMemoryException e) {
            if (meeting.self().rank() == 0) {
                logger.warn(
                        "The ranks use unix-domain sockets, which are slower than shared memory:"
                                + " {}",
                        e.getMessage());
            }
            return ring(meeting, new UnixTransport());
        }
    }
}
