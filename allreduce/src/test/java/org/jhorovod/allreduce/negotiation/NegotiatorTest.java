package org.jhorovod.allreduce.negotiation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.primitives.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.fusion.FusionPlanner;
import org.jhorovod.allreduce.negotiation.Announcement.Fresh;
import org.jhorovod.allreduce.negotiation.Announcement.Item;
import org.jhorovod.allreduce.negotiation.Announcement.Join;
import org.jhorovod.allreduce.negotiation.Announcement.Known;
import org.junit.jupiter.api.Test;

class NegotiatorTest {
    private final Negotiator negotiator =
            new Negotiator(new RankNames(List.of("h1", "h2", "h3")), new FusionPlanner(1000));

    private static Request sum(String name, long count) {
        return sum(name, count, Request.Grouping.NONE);
    }

    static Request sum(String name, long count, Request.Grouping grouping) {
        CollectiveCall call =
                new CollectiveCall(
                        Kind.ALL_REDUCE,
                        name,
                        DataType.FLOAT32,
                        ReduceOp.SUM,
                        false,
                        -1,
                        count,
                        Memory.HOST);
        return new Request(call, TensorShape.of(count), grouping);
    }

    private List<Step> take(int rank, Item... items) {
        try {
            return negotiator.take(rank, new Announcement(List.of(items)), 0);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> names(Step step) {
        return ((Step.Run) step).entries().stream().map(e -> e.request().name()).toList();
    }

    @Test
    void names_runOnceAllRanksHaveAnnouncedThem_together() {
        assertThat(take(0, new Fresh(sum("a", 1)), new Fresh(sum("b", 1)))).isEmpty();
        assertThat(take(1, new Fresh(sum("b", 1)))).isEmpty();
        List<Step> steps = new ArrayList<>(take(2, new Fresh(sum("b", 1)), new Fresh(sum("a", 1))));
        steps.addAll(take(1, new Fresh(sum("a", 1))));

        assertThat(steps)
                .extracting(NegotiatorTest::names)
                .containsExactly(List.of("b"), List.of("a"));
        assertThat(negotiator.waiting(0, 0)).isEmpty();
    }

    @Test
    void aNameThatHasRun_isAnnouncedAndOrderedByANumber() throws IOException {
        for (int rank = 0; rank < 3; rank++) {
            take(rank, new Fresh(sum("a", 300)), new Fresh(sum("b", 2)));
        }
        take(0, new Known(1), new Known(0));
        take(1, new Known(0), new Known(1));
        List<Step> steps = take(2, new Known(0), new Known(1));

        assertThat(steps)
                .extracting(NegotiatorTest::names)
                .containsExactly(List.of("a"), List.of("b"));
        assertThat(steps.stream().mapToInt(step -> step.encode().length).sum()).isLessThan(10);
        assertThat(Announcement.encode(List.of(new Known(60))).get(0).length).isEqualTo(1);
    }

    @Test
    void whatIsReady_isPutTogetherByThePlanInForce() {
        for (int rank = 0; rank < 3; rank++) {
            take(rank, new Fresh(sum("a", 300)), new Fresh(sum("b", 2)));
        }
        negotiator.planWith(new FusionPlanner(1208));
        take(0, new Known(0), new Known(1));
        take(1, new Known(0), new Known(1));
        assertThat(take(2, new Known(0), new Known(1)))
                .extracting(NegotiatorTest::names)
                .containsExactly(List.of("a", "b"));
    }

    @Test
    void numbersInARow_takeAFewBytes_whereverOtherItemsLieBetween() throws IOException {
        List<Announcement.Item> items = new ArrayList<>();
        for (int number = 100; number < 300; number++) {
            items.add(new Known(number));
        }
        items.add(new Announcement.Join());
        items.add(new Known(7));
        items.add(new Known(6));
        List<byte[]> parts = Announcement.encode(items);

        byte[] whole = Bytes.concat(parts.toArray(byte[][]::new));
        assertThat(whole.length).isLessThan(10);
        assertThat(Announcement.read(new MessageReader(ByteBuffer.wrap(whole))).items())
                .isEqualTo(items);
    }

    @Test
    void aNameThatChangesItsShape_isNegotiatedAnew_andBothAreKnown() {
        for (int rank = 0; rank < 3; rank++) {
            take(rank, new Fresh(sum("a", 3)));
        }
        take(0, new Fresh(sum("a", 4)));
        take(1, new Known(0));
        assertThat(take(2, new Fresh(sum("a", 4))))
                .singleElement()
                .isInstanceOfSatisfying(
                        Step.Refuse.class,
                        refuse ->
                                assertThat(refuse.reason())
                                        .contains("rank 0 on h1 submitted FLOAT32[4]")
                                        .contains("rank 1 on h2 FLOAT32[3]"));
        take(0, new Fresh(sum("a", 4)));
        take(1, new Fresh(sum("a", 4)));
        assertThat(take(2, new Fresh(sum("a", 4)))).singleElement().isInstanceOf(Step.Run.class);
        take(0, new Known(0));
        take(1, new Known(0));
        assertThat(take(2, new Known(0))).singleElement().isInstanceOf(Step.Run.class);
    }

    private static Request scaled(String name, ReduceOp op, double postscale) {
        CollectiveCall call =
                new CollectiveCall(
                        Kind.ALL_REDUCE,
                        name,
                        DataType.FLOAT32,
                        op,
                        false,
                        postscale,
                        -1,
                        3,
                        Memory.HOST,
                        "");
        return new Request(call, TensorShape.of(3), Request.Grouping.NONE);
    }

    @Test
    void tensorsWithFactorsOfTheirOwn_runTogether_andTheFactorsComeAcross() throws IOException {
        Fresh half = new Fresh(scaled("half", ReduceOp.SUM, 0.5));
        Fresh negative = new Fresh(scaled("negative", ReduceOp.SUM, -1e300));
        for (int rank = 0; rank < 2; rank++) {
            take(rank, half, negative, new Fresh(sum("plain", 3)));
        }
        Step step = take(2, half, negative, new Fresh(sum("plain", 3))).get(0);
        assertThat(names(step)).containsExactly("half", "negative", "plain");
        Step read =
                Step.read(new MessageReader(ByteBuffer.wrap(step.encode())), new KnownEntries());
        assertThat(((Step.Run) read).entries())
                .extracting(entry -> entry.request().call().postscale())
                .containsExactly(0.5, -1e300, 1.0);
    }

    @Test
    void factorsThatDiffer_areNamed_andTensorsAreNotFusedByAdasum() {
        take(0, new Fresh(scaled("a", ReduceOp.SUM, 0.5)));
        take(1, new Fresh(scaled("a", ReduceOp.SUM, 0.25)));
        assertThat(take(2, new Fresh(scaled("a", ReduceOp.SUM, 0.5))))
                .singleElement()
                .isInstanceOfSatisfying(
                        Step.Refuse.class,
                        refuse ->
                                assertThat(refuse.reason())
                                        .contains("rank 0 on h1 submitted SUM times 0.5")
                                        .contains("rank 1 on h2 SUM times 0.25"));
        List<Step> steps = List.of();
        for (int rank = 0; rank < 3; rank++) {
            steps =
                    take(
                            rank,
                            new Fresh(scaled("b", ReduceOp.ADASUM, 1)),
                            new Fresh(scaled("c", ReduceOp.ADASUM, 1)));
        }
        assertThat(steps)
                .extracting(NegotiatorTest::names)
                .containsExactly(List.of("b"), List.of("c"));
    }

    private static Request object(DataType type, long count) {
        CollectiveCall call =
                new CollectiveCall(
                        Kind.OBJECT_ALL_GATHER,
                        "o",
                        type,
                        null,
                        false,
                        1,
                        -1,
                        count,
                        Memory.HOST,
                        Request.BY_ROWS);
        return new Request(call, TensorShape.of(count), Request.Grouping.NONE);
    }

    @Test
    void whatHasAnotherLengthEachTime_takesNoNumber() {
        List<Step> steps = List.of();
        for (int rank = 0; rank < 3; rank++) {
            steps = take(rank, new Fresh(object(DataType.UINT8, 5)));
        }
        assertThat(((Step.Run) steps.get(0)).entries().get(0).number()).isEmpty();
    }

    @Test
    void anObjectThatIsNone_isNotBelieved() {
        for (Request bad : List.of(object(DataType.INT32, 4), object(DataType.UINT8, 1L << 40))) {
            byte[] written = Announcement.encode(List.of(new Fresh(bad))).get(0);
            assertThatThrownBy(() -> Announcement.read(new MessageReader(ByteBuffer.wrap(written))))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("object");
        }
    }

    @Test
    void aGroupWhoseTensorsAreNotOfOneGroupEverywhere_isRefusedAsAWhole() {
        Request.Grouping two = new Request.Grouping("g", 2);
        take(0, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two)));
        take(1, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1)));
        List<Step> steps = take(2, new Fresh(sum("g/1", 1, two)), new Fresh(sum("g/0", 1, two)));

        assertThat(steps).hasSize(2).allMatch(step -> step instanceof Step.Refuse);

        take(0, new Fresh(sum("h/0", 1)));
        take(2, new Fresh(sum("h/0", 1)));
        Request.Grouping h = new Request.Grouping("h", 2);
        assertThat(take(1, new Fresh(sum("h/0", 1, h)), new Fresh(sum("h/1", 1, h))))
                .as("what only the rank with the group has, too")
                .hasSize(2)
                .allMatch(step -> step instanceof Step.Refuse);
        assertThat(negotiator.waiting(0, 0)).isEmpty();
    }

    @Test
    void aGroupOfDifferentSizes_isRefusedWithWhatOnlySomeRanksHave_andFreeAgain() {
        Request.Grouping two = new Request.Grouping("g", 2);
        Request.Grouping three = new Request.Grouping("g", 3);
        take(0, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two)));
        take(2, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two)));
        List<Step> steps =
                take(
                        1,
                        new Fresh(sum("g/0", 1, three)),
                        new Fresh(sum("g/1", 1, three)),
                        new Fresh(sum("g/2", 1, three)));
        assertThat(steps).hasSize(3).allMatch(step -> step instanceof Step.Refuse);
        assertThat(negotiator.waiting(0, 0)).isEmpty();

        take(0, new Fresh(sum("g/0", 2, two)), new Fresh(sum("g/1", 1, two)));
        take(1, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two)));
        assertThat(take(2, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two))))
                .hasSize(2)
                .allMatch(step -> step instanceof Step.Refuse);
        for (int rank = 0; rank < 2; rank++) {
            take(rank, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two)));
        }
        assertThat(take(2, new Fresh(sum("g/0", 1, two)), new Fresh(sum("g/1", 1, two))))
                .singleElement()
                .satisfies(step -> assertThat(names(step)).containsExactly("g/0", "g/1"));
    }

    @Test
    void waitingNames_areNamedWithTheRanksThatMiss_butNotThoseThatHaveJoined() {
        take(0, new Fresh(sum("a", 1)));
        take(2, new Join());

        assertThat(negotiator.waiting(5, 5))
                .singleElement()
                .satisfies(
                        waiting -> {
                            assertThat(waiting.have()).containsExactly(0);
                            assertThat(waiting.missing()).containsExactly(1);
                        });
        assertThat(negotiator.waiting(5, 6)).isEmpty();
        assertThat(take(1, new Fresh(sum("a", 1))))
                .singleElement()
                .satisfies(step -> assertThat(((Step.Run) step).absent()).isEqualTo(1));
        assertThat(take(0, new Join())).isEmpty();
        assertThat(take(1, new Join())).containsExactly(new Step.Joined(1));
    }

    @Test
    void whatCannotBe_isRefusedToTheRankThatSaysIt() {
        take(0, new Fresh(sum("a", 1)));
        assertThatThrownBy(() -> negotiator.take(0, new Announcement(List.of(new Known(0))), 0))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(
                        () ->
                                negotiator.take(
                                        0, new Announcement(List.of(new Fresh(sum("a", 1)))), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("twice");
        take(1, new Join());
        assertThatThrownBy(() -> negotiator.take(1, new Announcement(List.of(new Join())), 0))
                .isInstanceOf(IOException.class);
    }

    @Test
    void steps_areReadAsTheyWereWritten_inLettersThatAreNotTooLong() throws IOException {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            items.add(new Fresh(sum("a name of some length " + i, i % 3)));
        }
        List<Step> steps = new ArrayList<>();
        Negotiator alone =
                new Negotiator(new RankNames(List.of("h1")), new FusionPlanner(Long.MAX_VALUE));
        steps.addAll(alone.take(0, new Announcement(items), 0));
        steps.add(new Step.Refuse("ü", "why", List.of(2)));
        steps.add(new Step.Joined(2));
        steps.add(new Step.Left(1));
        steps.add(new Step.Rebatch(new Batching(64, 10)));
        List<String> read = new ArrayList<>();
        KnownEntries known = new KnownEntries();
        List<Step> others = new ArrayList<>();
        for (byte[] letter : Letters.steps(steps)) {
            assertThat(letter.length).isLessThanOrEqualTo(32 * 1024);
            MessageReader reader = new MessageReader(ByteBuffer.wrap(letter));
            assertThat(reader.choice(Letters.Kind.values())).isEqualTo(Letters.Kind.STEPS);
            while (reader.hasMore()) {
                Step step = Step.read(reader, known);
                if (step instanceof Step.Run) {
                    read.addAll(names(step));
                } else {
                    others.add(step);
                }
            }
        }
        assertThat(read).hasSize(3000).doesNotHaveDuplicates();
        assertThat(others).isEqualTo(steps.subList(steps.size() - 4, steps.size()));
    }
}
