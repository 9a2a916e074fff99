package org.jhorovod.allreduce.control;

import java.time.Duration;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;

/** The failure of a rank that misses a peer: who, since when, during what, and what to do. */
final class PeerLoss {

    private PeerLoss() {}

    /** A peer left in good order, before an operation that needs it. */
    static PeerLostException left(PeerStatus peer, Topology self, String what) {
        return new PeerLostException(
                peer.rank(),
                "%s has left the job after operation %d: its program has ended, or shut JHorovod down. But %s needs it for %s. If it failed, its output says why; if not, look for a rank-dependent end of the program or of its data."
                        .formatted(peer.name(), peer.lastSequence(), self.describe(), what));
    }

    /** A peer has sent nothing for longer than it may. */
    static PeerLostException silent(
            PeerStatus peer,
            Duration livenessTimeout,
            Topology self,
            Submitted own,
            long nowNanos) {
        String how =
                "it has sent no heartbeat for %.1f s (JHOROVOD_LIVENESS_TIMEOUT_SECONDS), so it is stopped, or its host is unreachable"
                        .formatted(livenessTimeout.toMillis() / 1000.0);
        return lost(peer, how, self, own, nowNanos);
    }

    /**
     * A peer is lost.
     *
     * @param how as a clause about the peer
     */
    static PeerLostException lost(
            PeerStatus peer, String how, Topology self, Submitted own, long nowNanos) {
        return new PeerLostException(
                peer.rank(),
                "%s is lost: %s. Its last heartbeat, %d ms ago, told of operation %d, %s; the last of %s is operation %d, %s. Look at the lost rank's output and at its host (out of memory, killed, stopped, unreachable), then start the job again from its last checkpoint."
                        .formatted(
                                peer.name(),
                                how,
                                (nowNanos - peer.lastHeardNanos()) / 1_000_000,
                                peer.lastSequence(),
                                peer.lastSubmitted(),
                                self.describe(),
                                own.sequence(),
                                own.describe()));
    }
}
