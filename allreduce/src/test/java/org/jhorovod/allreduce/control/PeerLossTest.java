package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.PeerStatus.Presence;
import org.junit.jupiter.api.Test;

/** What a rank says of a peer that it misses. */
class PeerLossTest {
    private final Topology self = Topology.onOneHost(1, 3, "here");
    private final PeerStatus peer =
            new PeerStatus(2, "there", Presence.WATCHED, 7, "barrier 'theirs'", 1_000_000_000L);
    private final Submitted own =
            new Submitted(
                    8,
                    new CollectiveCall(
                            Kind.BARRIER, "ours", DataType.INT32, null, false, -1, 1, Memory.HOST),
                    null);

    @Test
    void aLostPeer_isNamed_withWhatBothDidLast_andWhatToDo() {
        PeerLostException lost = PeerLoss.lost(peer, "it burns", self, own, 3_500_000_000L);

        assertThat(lost.lostRank()).isEqualTo(2);
        assertThat(lost)
                .hasMessageContainingAll(
                        "Rank 2 on there is lost: it burns.",
                        "2500 ms ago",
                        "operation 7, barrier 'theirs'",
                        "ank 1 on here is operation 8, ",
                        "'ours'",
                        "Look at the lost rank's output");
    }

    @Test
    void aSilentPeer_isLost_withTheTimeoutThatItMissed() {
        PeerLostException lost =
                PeerLoss.silent(
                        peer, Duration.ofMillis(1500), self, Submitted.NONE, 3_000_000_000L);

        assertThat(lost.lostRank()).isEqualTo(2);
        assertThat(lost)
                .hasMessageContainingAll(
                        "no heartbeat for 1.5 s (JHOROVOD_LIVENESS_TIMEOUT_SECONDS)",
                        "2000 ms ago",
                        "is operation 0, nothing yet");
    }

    @Test
    void aPeerThatLeft_isNamed_withTheOperationThatNeedsIt() {
        PeerLostException lost = PeerLoss.left(peer, self, own.describeOperation());

        assertThat(lost.lostRank()).isEqualTo(2);
        assertThat(lost)
                .hasMessageContainingAll(
                        "Rank 2 on there has left the job after operation 7",
                        "ank 1 on here needs it for operation 8",
                        "'ours'");
    }
}
