package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jhorovod.allreduce.rendezvous.Connections;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.HandshakeException;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TimedChannel;
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

    /**
     * Tries them in their order, 2 s at most for each.
     *
     * @param onRefusal hears why somebody who answers there does not belong to the job
     * @param identity for the purpose of a probe: of a store's other guests the end is told to all
     * @param enough no other is tried once this is over
     */
    static long of(
            List<InetSocketAddress> addresses,
            Secret secret,
            Identity identity,
            Deadline enough,
            Consumer<String> onRefusal) {
        long reached = 0;
        for (int i = 0; i < addresses.size() && !enough.isOver(); i++) {
            if (isReachable(addresses.get(i), secret, identity, onRefusal)) {
                reached |= 1L << i;
            }
        }
        return reached;
    }

    private static boolean isReachable(
            InetSocketAddress address,
            Secret secret,
            Identity identity,
            Consumer<String> onRefusal) {
        try (TimedChannel channel =
                Connections.open(address, secret, identity, Deadline.after(TRIAL))) {
            logger.debug("The store is reached at {} by {}", address, channel.localAddress());
            return true;
        } catch (HandshakeException e) {
            onRefusal.accept("at %s %s".formatted(address, e.getMessage()));
            return false;
        } catch (IOException e) {
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
