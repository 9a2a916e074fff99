package org.jhorovod.allreduce.negotiation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jhorovod.allreduce.fusion.FusionPlanner;
import org.jhorovod.allreduce.negotiation.Announcement.Fresh;
import org.jhorovod.allreduce.negotiation.Announcement.Item;
import org.jhorovod.allreduce.negotiation.Announcement.Join;
import org.jhorovod.allreduce.negotiation.Announcement.Known;
import org.jhorovod.allreduce.negotiation.Announcement.Refused;
import org.junit.jupiter.api.Test;

/** What rank 0 makes of calls that fail on a rank before it submits anything. */
class RefusedCallsTest {
    private final Negotiator negotiator =
            new Negotiator(new RankNames(List.of("h0", "h1")), new FusionPlanner(1000));
    private long nowNanos;

    private static Fresh sum(String name, Request.Grouping grouping) {
        return new Fresh(NegotiatorTest.sum(name, 4, grouping));
    }

    private static Fresh sum(String name) {
        return sum(name, Request.Grouping.NONE);
    }

    private static Refused refused(String name) {
        return new Refused(name, "", "It is too large.");
    }

    private List<Step> take(int rank, Item... items) {
        try {
            return negotiator.take(rank, new Announcement(List.of(items)), nowNanos);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> words(List<Step> steps) {
        return steps.stream().map(RefusedCallsTest::word).toList();
    }

    private static String word(Step step) {
        if (step instanceof Step.Run run) {
            return "run " + run.entries().stream().map(e -> e.request().name()).toList();
        }
        return step instanceof Step.Refuse refuse
                ? "refuse " + refuse.name() + " by " + refuse.refusedBy()
                : step.toString();
    }

    @Test
    void aTensor_isRefusedWithTheRankAndTheReason_whoeverComesFirst() {
        for (int refusing = 0; refusing < 2; refusing++) {
            for (boolean isFirst : new boolean[] {true, false}) {
                int other = 1 - refusing;
                assertThat(isFirst ? take(refusing, refused("a")) : take(other, sum("a")))
                        .isEmpty();
                assertThat(isFirst ? take(other, sum("a")) : take(refusing, refused("a")))
                        .containsExactly(
                                new Step.Refuse(
                                        "a",
                                        "'a' cannot run: the call failed on rank %1$d on h%1$d, so that no rank runs it. It is too large."
                                                .formatted(refusing),
                                        List.of(refusing)));
            }
        }
    }

    @Test
    void aTensorThatHasANumber_isRefusedToo_andRunsByItsNumberAgain() {
        take(0, sum("a"));
        take(1, sum("a"));
        take(0, new Known(0));
        assertThat(words(take(1, refused("a")))).containsExactly("refuse a by [1]");
        take(0, new Known(0));
        assertThat(words(take(1, new Known(0)))).containsExactly("run [a]");
    }

    @Test
    void whatARankSaysBeforeTheOthersSayAnything_isAnsweredInItsOrder() {
        take(0, refused("a"), refused("a"), sum("a"));
        assertThat(words(take(1, refused("a")))).containsExactly("refuse a by [0, 1]");
        assertThat(words(take(1, sum("a")))).containsExactly("refuse a by [0]");
        assertThat(words(take(1, sum("a")))).containsExactly("run [a]");

        take(0, refused("b"), sum("b"));
        assertThat(words(take(1, refused("b"), sum("b"))))
                .containsExactly("refuse b by [0, 1]", "run [b]");

        take(0, sum("c"), refused("c"), refused("c"));
        assertThat(words(take(1, sum("c")))).containsExactly("run [c]");
        assertThat(words(take(1, refused("c"), refused("c"))))
                .containsExactly("refuse c by [0, 1]", "refuse c by [0, 1]");
        assertThat(negotiator.waiting(nowNanos, 0)).isEmpty();
    }

    @Test
    void ofAGroup_allIsRefused_andTheNextOfItsNameRuns() {
        Request.Grouping two = new Request.Grouping("g", 2);
        Refused[] three = new Refused[3];
        for (int i = 0; i < three.length; i++) {
            three[i] = new Refused("g/" + i, "g", "It is too large.");
        }
        take(0, three);
        take(0, three[0], three[1]);
        take(0, sum("g/0", two), sum("g/1", two));
        assertThat(words(take(1, sum("g/0", two), sum("g/1", two))))
                .containsExactlyInAnyOrder(
                        "refuse g/0 by [0]", "refuse g/1 by [0]", "refuse g/2 by [0]");
        assertThat(words(take(1, sum("g/0", two), sum("g/1", two))))
                .containsExactlyInAnyOrder("refuse g/0 by [0]", "refuse g/1 by [0]");
        assertThat(words(take(1, sum("g/0", two), sum("g/1", two))))
                .containsExactly("run [g/0, g/1]");
    }

    @Test
    void onlyWhatARankWaitsFor_isAStall_sinceItWaits() {
        nowNanos = 100;
        take(0, refused("a"));
        assertThat(negotiator.waiting(nowNanos, 0)).isEmpty();

        nowNanos = 200;
        take(1, sum("b"));
        nowNanos = 300;
        take(0, sum("a"));
        assertThat(negotiator.waiting(nowNanos, 101)).isEmpty();
        assertThat(negotiator.waiting(nowNanos, 0))
                .as("the oldest first")
                .extracting(each -> each.request().name(), Negotiator.Waiting::sinceNanos)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("b", 200L),
                        org.assertj.core.groups.Tuple.tuple("a", 300L));
        assertThat(negotiator.waiting(nowNanos, 0).get(1))
                .satisfies(
                        a -> {
                            assertThat(a.have()).containsExactly(0);
                            assertThat(a.missing()).containsExactly(1);
                        });
        assertThat(words(take(1, sum("a")))).containsExactly("refuse a by [0]");
        assertThat(negotiator.waiting(nowNanos, 0))
                .filteredOn(each -> each.request().name().equals("a"))
                .as("what was said before the answer waits since then")
                .singleElement()
                .satisfies(a -> assertThat(a.sinceNanos()).isEqualTo(300));
    }

    @Test
    void aRankThatHasJoined_isNotHeard_andNotWaitedFor() {
        take(0, refused("a"), new Join(), refused("b"));
        assertThat(words(take(1, sum("a")))).containsExactly("refuse a by [0]");
        assertThat(words(take(1, sum("b")))).containsExactly("run [b]");
        assertThat(words(take(1, new Join()))).containsExactly("Joined[lastRank=1]");
        take(0, sum("b"));
        assertThat(words(take(1, sum("b")))).containsExactly("run [b]");
    }

    @Test
    void aSecondTensorOfTheName_isNotBelieved_behindARefusedCallEither() {
        take(0, refused("a"), sum("a"));
        assertThatThrownBy(() -> negotiator.take(0, new Announcement(List.of(sum("a"))), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("twice");
        take(1, sum("b"), refused("b"));
        assertThatThrownBy(() -> negotiator.take(1, new Announcement(List.of(sum("b"))), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("twice");
    }

    @Test
    void refusedCalls_areReadAsTheyWereWritten() throws IOException {
        List<Item> items = List.of(refused("ü"), new Known(3), new Refused("g/0", "g", ""));
        MessageWriter writer = new MessageWriter();
        Announcement.encode(items).forEach(writer::append);
        MessageReader reader = new MessageReader(ByteBuffer.wrap(writer.toBytes()));
        assertThat(Announcement.read(reader).items()).isEqualTo(items);
    }
}
