package org.jhorovod.allreduce.backend.host;

import java.io.IOException;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.HostMemoryProvider;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.jhorovod.allreduce.transport.unix.UnixTransport;

/** Opens our own collectives over the transports that fit the job; always there. */
public final class RingBackendProvider implements HostMemoryProvider {

    @Override
    public String name() {
        return "host";
    }

    @Override
    public Availability probe(Configuration configuration) {
        return Availability.available("built in; transports unix and tcp");
    }

    @Override
    public HostMemoryBackend open(Meeting meeting) throws IOException {
        Topology self = meeting.self();
        Configuration configuration = meeting.configuration();
        Transport amongAll = chooseTransport(self, configuration);
        Transport insideHost =
                switch (configuration.get(Settings.TRANSPORT)) {
                    case AUTO, UNIX -> new UnixTransport();
                    case TCP -> new TcpTransport();
                };
        return new RingAssembly(meeting, amongAll, insideHost).assemble();
    }

    private static Transport chooseTransport(Topology topology, Configuration configuration) {
        boolean isOneHost = topology.isOneHost();
        return switch (configuration.get(Settings.TRANSPORT)) {
            case AUTO -> isOneHost ? new UnixTransport() : new TcpTransport();
            case TCP -> new TcpTransport();
            case UNIX -> {
                if (!isOneHost) {
                    throw new ConfigurationException(
                            List.of(
                                    "JHOROVOD_TRANSPORT is unix, but only %d of %d ranks run on this host: use auto or tcp."
                                            .formatted(topology.localSize(), topology.size())));
                }
                yield new UnixTransport();
            }
        };
    }
}
