package org.jhorovod.allreduce;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreException;
import org.jhorovod.allreduce.rendezvous.TcpStore;

/*
 * The address by which a rank reaches the store decides by which it offers itself to the others. A
 * rank beside the store reaches it by all of its addresses, even by one that means nothing elsewhere:
 *   each rank tries all addresses -> leaves word in the store which it reaches -> reads what the
 *   others do -> all take the first that is common.
 */
/** How ranks that were given several addresses of one store settle on one. */
final class CommonAddress {
    private static final String WHAT = "reached";

    private final Assignment assignment;
    private final List<InetSocketAddress> candidates;
    private final Duration timeout;
    private final List<String> refusals = new ArrayList<>();

    private CommonAddress(
            Assignment assignment, List<InetSocketAddress> candidates, Duration timeout) {
        this.assignment = assignment;
        this.candidates = List.copyOf(candidates);
        this.timeout = timeout;
    }

    /**
     * The assignment with the address that all ranks take; all do so at the same time.
     *
     * @throws StartException if there is none
     */
    static Assignment settle(
            Assignment assignment,
            List<InetSocketAddress> candidates,
            Configuration configuration) {
        return new CommonAddress(assignment, candidates, configuration.get(Settings.START_TIMEOUT))
                .settle();
    }

    private Assignment settle() {
        Topology self = assignment.topology();
        Identity identity =
                new Identity(Identity.Purpose.STORE, assignment.generation(), self.rank());
        Identity probe = new Identity(Identity.Purpose.PROBE, assignment.generation(), self.rank());
        long own =
                Reach.of(
                        candidates,
                        assignment.secret(),
                        probe,
                        Deadline.after(timeout.dividedBy(2)),
                        refusals::add);
        InetSocketAddress first =
                Reach.first(candidates, own).orElseThrow(() -> unreachable("it reaches none of"));
        try (TcpStore store = TcpStore.connect(first, assignment.secret(), identity, timeout)) {
            return Reach.first(candidates, common(store, own))
                    .map(assignment::via)
                    .orElseThrow(() -> unreachable("the ranks have none in common of"));
        } catch (StoreException e) {
            throw new StartException(
                    "%s could not join the job: %s".formatted(self.describe(), e.getMessage()));
        }
    }

    private long common(Store store, long own) {
        Topology self = assignment.topology();
        Attendance attendance =
                new Attendance(store, self, Group.job(self), assignment.generation(), timeout);
        byte[] word = ByteBuffer.allocate(Long.BYTES).putLong(own).array();
        store.set(key(self.rank()), word, timeout);
        long common = own;
        for (int rank = 0; rank < self.size(); rank++) {
            common &= ByteBuffer.wrap(attendance.awaitWord(rank, key(rank))).getLong();
        }
        return common;
    }

    private String key(int rank) {
        return Keys.meeting(assignment.generation(), 0, rank, WHAT);
    }

    private StartException unreachable(String why) {
        return new StartException(
                "%s could not join the job: %s the store's addresses %s%s. Open the way in the firewalls, or name the right interface with jhorovodrun --network-interface."
                        .formatted(
                                assignment.topology().describe(),
                                why,
                                candidates,
                                refusals.isEmpty() ? "" : "; " + String.join("; ", refusals)));
    }
}
