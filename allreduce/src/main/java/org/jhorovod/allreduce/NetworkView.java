package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a rank knows of the network between it and the others, for all its groups. Safe for use by
 * several threads.
 *
 * @param access whether the others can connect to this rank
 * @param relay where connections are relayed that none of two ranks can open; empty if nowhere
 * @param distant ranks of the job behind NAT that this rank has found not to be near
 */
record NetworkView(Access access, Optional<InetSocketAddress> relay, Set<Integer> distant) {
    private static final Logger logger = LoggerFactory.getLogger(NetworkView.class);

    /** Asks the store from where it sees this rank come, unless the configuration knows better. */
    static NetworkView of(Membership membership, Configuration configuration) {
        // A program with a store of its own gives an address that the others reach.
        Optional<TcpStore> store =
                membership.store() instanceof TcpStore tcp ? Optional.of(tcp) : Optional.empty();
        Access access =
                switch (configuration.get(Settings.DIAL_OUT)) {
                    case TRUE -> Access.CLOSED;
                    case FALSE -> Access.OPEN;
                    case AUTO -> store.map(s -> seen(s, membership)).orElse(Access.OPEN);
                };
        return new NetworkView(access, store.map(TcpStore::address), ConcurrentHashMap.newKeySet());
    }

    private static Access seen(TcpStore store, Membership membership) {
        InetAddress seen = store.seenAddress();
        if (isOfThisHost(seen, store.localAddress())) {
            return Access.OPEN;
        }
        logger.info(
                "{} is behind NAT: the rendezvous sees it come from {}, which is no address of its"
                        + " host. So it opens its connections to ranks that are not near itself"
                        + " (JHOROVOD_DIAL_OUT).",
                membership.topology().describe(),
                seen.getHostAddress());
        return Access.BEHIND_NAT;
    }

    private static boolean isOfThisHost(InetAddress seen, InetAddress used) {
        if (Arrays.equals(seen.getAddress(), used.getAddress())) {
            return true; // whatever its scope is called
        }
        try {
            return NetworkInterface.getByInetAddress(seen) != null;
        } catch (IOException e) {
            logger.debug("Could not look for the interface of {}", seen, e);
            return false;
        }
    }
}
