package org.jhorovod.allreduce;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * By which addresses a rank reaches one store, a bit each: the first address is the lowest bit, and
 * what all ranks reach is the AND of theirs.
 */
final class Reach {
    private static final Logger logger = LoggerFactory.getLogger(Reach.class);
    private static final Duration TRIAL = Duration.ofSeconds(2);

    private Reach() {}

    /** Tries all of them, which takes 2 s at most for each. */
    static long of(List<InetSocketAddress> addresses, Secret secret, Identity identity) {
        long reached = 0;
        for (int i = 0; i < addresses.size(); i++) {
            if (isServed(addresses.get(i), secret, identity)) {
                reached |= 1L << i;
            }
        }
        return reached;
    }

    private static boolean isServed(InetSocketAddress address, Secret secret, Identity identity) {
        try {
            Optional<TcpStore> store = TcpStore.connectIfServed(address, secret, identity, TRIAL);
            store.ifPresent(TcpStore::close);
            return store.isPresent();
        } catch (StoreException e) {
            logger.debug("The store cannot be reached at {}", address, e);
            return false;
        }
    }

    /** The first of the addresses that is reached by all whose bits these are. */
    static Optional<InetSocketAddress> first(List<InetSocketAddress> addresses, long reached) {
        return reached == 0
                ? Optional.empty()
                : Optional.of(addresses.get(Long.numberOfTrailingZeros(reached)));
    }
}
