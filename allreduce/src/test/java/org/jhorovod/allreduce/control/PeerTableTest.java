package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jhorovod.allreduce.control.ControlMessage.Goodbye;
import org.jhorovod.allreduce.control.ControlMessage.Heartbeat;
import org.jhorovod.allreduce.control.PeerStatus.Presence;
import org.junit.jupiter.api.Test;

class PeerTableTest {
    private static final long TIMEOUT = 30;

    /** Ranks 0, 2 and 3, as rank 1 meets them at 100. */
    private final PeerTable met =
            new PeerTable(
                    List.of(
                            PeerStatus.met(0, "a", 100),
                            PeerStatus.met(2, "b", 100),
                            PeerStatus.met(3, "b", 100)));

    private static List<Integer> ranks(List<PeerStatus> peers) {
        return peers.stream().map(PeerStatus::rank).toList();
    }

    @Test
    void heartbeat_tellsTheLastOperation_ofItsSenderAlone() {
        PeerTable table = met.after(2, new Heartbeat(7, "all-reduce of 'w'"), 110);

        assertThat(table.of(2))
                .isEqualTo(new PeerStatus(2, "b", Presence.WATCHED, 7, "all-reduce of 'w'", 110));
        assertThat(table.of(0)).isEqualTo(met.of(0));
        assertThat(met.of(2).lastSubmitted()).isEqualTo("nothing yet");
    }

    @Test
    void behind_isWhoHasNotSubmittedTheOperation_inTheOrderOfRanks() {
        PeerTable table =
                met.after(3, new Heartbeat(4, "x"), 110).after(0, new Heartbeat(5, "y"), 110);

        assertThat(ranks(table.behind(4))).containsExactly(2);
        assertThat(ranks(table.behind(5))).containsExactly(2, 3);
        assertThat(ranks(table.behind(6))).containsExactly(0, 2, 3);
    }

    @Test
    void silent_isWhoWasNotHeardForLongerThanTheTimeout() {
        PeerTable table = met.after(2, new Heartbeat(1, "x"), 110);

        assertThat(table.silent(130, TIMEOUT)).isEmpty();
        assertThat(ranks(table.silent(131, TIMEOUT))).containsExactly(0, 3);
        assertThat(ranks(table.silent(141, TIMEOUT))).containsExactly(0, 2, 3);
    }

    @Test
    void whoIsSilent_isSaidToBeStopped_sinceItsLastHeartbeat() {
        PeerTable table = met.after(2, new Heartbeat(1, "x"), 2_000_000_100L);

        assertThat(table.describeSilent(2_500_000_100L, 1_000_000_000L))
                .containsOnlyKeys(0, 3)
                .hasEntrySatisfying(
                        3,
                        clause ->
                                assertThat(clause)
                                        .contains("no heartbeat for 2.5 s")
                                        .contains("its process is stopped, or its host"));
    }

    @Test
    void silent_holdsWhereTheClockWrapsAround() {
        PeerTable table = new PeerTable(List.of(PeerStatus.met(0, "a", Long.MAX_VALUE - 10)));

        assertThat(table.silent(Long.MIN_VALUE + 10, TIMEOUT)).isEmpty();
        assertThat(ranks(table.silent(Long.MIN_VALUE + 20, TIMEOUT))).containsExactly(0);
    }

    @Test
    void aPeerThatLeft_isMissedByLaterOperationsAlone() {
        PeerTable table = met.after(3, new Goodbye(9), 110);

        assertThat(table.leftBefore(9)).isEmpty();
        assertThat(table.leftBefore(10)).contains(table.of(3));
    }

    @Test
    void aPeerThatLeft_isNeitherSilentNorGone_whenItsConnectionEnds() {
        PeerTable table = met.after(3, new Goodbye(9), 110).afterEnd(3);

        assertThat(table.of(3).presence()).isEqualTo(Presence.LEFT);
        assertThat(table.leftBefore(10)).contains(table.of(3));
        assertThat(ranks(table.silent(1000, TIMEOUT))).containsExactly(0, 2);
    }

    @Test
    void aPeerWhoseConnectionEnds_isGone_andIsNotCalledSilentLater() {
        PeerTable table = met.afterEnd(2);

        assertThat(table.of(2).presence()).isEqualTo(Presence.GONE);
        assertThat(table.leftBefore(Long.MAX_VALUE)).isEmpty();
        assertThat(ranks(table.silent(1000, TIMEOUT))).containsExactly(0, 3);
    }
}
