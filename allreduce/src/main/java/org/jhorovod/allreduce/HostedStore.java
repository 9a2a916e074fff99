package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;

/**
 * The store that rank 0 hosts where no launcher does, on any port.
 *
 * @param server what serves it; whoever opened it closes it
 * @param invitation how the others reach it
 */
record HostedStore(StoreServer server, Invitation invitation) {

    /** Opens it on all addresses that the ranks of this job might reach, with a new secret. */
    static HostedStore open(Topology self, Configuration configuration) throws IOException {
        List<InetAddress> addresses =
                self.isOneHost()
                        ? List.of(InetAddress.getLoopbackAddress())
                        : Invitation.addressesOfThisHost();
        return open(Encryption.with(Secret.random(), configuration), addresses, configuration);
    }

    /** Opens it on addresses of this host. */
    static HostedStore open(Secret secret, List<InetAddress> addresses, Configuration configuration)
            throws IOException {
        // One address is bound alone; with several, strangers fail at the secret.
        InetAddress bound = addresses.size() == 1 ? addresses.get(0) : null;
        StoreServer server =
                StoreServer.open(
                        new InetSocketAddress(bound, 0),
                        secret,
                        configuration.get(Settings.HANDSHAKE_TIMEOUT));
        return new HostedStore(server, new Invitation(secret, server.port(), addresses));
    }
}
