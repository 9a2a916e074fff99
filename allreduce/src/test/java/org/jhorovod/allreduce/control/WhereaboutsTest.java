package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.DataType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ranks answer when others ask what they do. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WhereaboutsTest {
    private final OwnCalls calls = OwnCalls.ofJob();
    private final Whereabouts asked = new Whereabouts(2, calls, this::toAsker);
    private Whereabouts latecomer = new Whereabouts(1, OwnCalls.ofJob(), this::toAsked);
    private final Whereabouts asker = new Whereabouts(0, OwnCalls.ofJob(), this::toAsked);

    private static CollectiveCall barrier(String name) {
        return new CollectiveCall(
                Kind.BARRIER, name, DataType.INT32, null, false, -1, 1, Memory.HOST);
    }

    private void toAsked(int rank, byte[] letter) {
        deliver(asked, 0, letter);
    }

    private void toAsker(int rank, byte[] letter) {
        deliver(rank == 0 ? asker : latecomer, 2, letter);
    }

    private static void deliver(Whereabouts to, int from, byte[] letter) {
        try {
            to.received(from, ByteBuffer.wrap(letter));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aRankThatIsAsked_answersWithTheThreadThatCalledLast_andItsStack() {
        calls.inOrder(1, barrier("b"));

        Whereabouts.Inquiry inquiry = asker.ask(List.of(2), 5);

        assertThat(inquiry.isOver()).isTrue();
        assertThat(inquiry.of(2).orElseThrow())
                .contains("its thread '" + Thread.currentThread().getName() + "' is RUNNABLE")
                .contains("WhereaboutsTest.aRankThatIsAsked");
        assertThat(inquiry.of(1)).isEqualTo(Optional.empty());
    }

    @Test
    void onlyTheFirstThatAsksForAnOperation_isToldThatItIs_eachTime() {
        Whereabouts other =
                new Whereabouts(1, OwnCalls.ofJob(), (rank, letter) -> deliver(asked, 1, letter));
        latecomer = other;
        assertThat(asker.ask(List.of(2), 5).isFirst(List.of(2))).isTrue();
        assertThat(other.ask(List.of(2), 5).isFirst(List.of(2))).isFalse();
        assertThat(asker.ask(List.of(2), Whereabouts.BY_NAME).of(2)).isPresent();
        assertThat(asker.ask(List.of(2), 5).isFirst(List.of(2))).isTrue();
        assertThat(other.ask(List.of(2), 6).isFirst(List.of(2))).isTrue();
        assertThat(asker.ask(List.of(2), 5).isFirst(List.of(2))).isFalse();
    }

    @Test
    void anAnswer_isOfTheOperationThatWasAskedFor() {
        List<byte[]> answers = new ArrayList<>();
        Whereabouts slow = new Whereabouts(2, calls, (rank, letter) -> answers.add(letter));
        Whereabouts both =
                new Whereabouts(0, OwnCalls.ofJob(), (rank, letter) -> deliver(slow, 0, letter));
        Whereabouts.Inquiry ofSeven = both.ask(List.of(2), 7);
        Whereabouts.Inquiry byName = both.ask(List.of(2), Whereabouts.BY_NAME);

        deliver(both, 2, answers.get(1));

        assertThat(byName.isOver()).isTrue();
        assertThat(ofSeven.of(2)).isEmpty();
        deliver(both, 2, answers.get(0));
        assertThat(ofSeven.isFirst(List.of(2))).isTrue();
    }

    @Test
    void ofManyRanks_theFirstFewAreAsked() {
        assertThat(asker.ask(List.of(9, 8, 7, 6, 5, 2), 1).ranks()).containsExactly(2, 5, 6, 7);
    }

    @Test
    void whoHasNotAnswered_isWaitedFor() {
        Whereabouts silent = new Whereabouts(0, OwnCalls.ofJob(), (rank, letter) -> {});

        Whereabouts.Inquiry inquiry = silent.ask(List.of(0, 2), 1);

        assertThat(inquiry.isOver()).isFalse();
        assertThat(inquiry.of(0)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\0",
                "\0four",
                "\u0003",
                "\u0003 of eight or more",
                "\0" + "longer than a number"
            })
    void aLetterThatMakesNoSense_isRefused(String letter) {
        assertThatThrownBy(
                        () ->
                                asked.received(
                                        0,
                                        ByteBuffer.wrap(letter.getBytes(StandardCharsets.UTF_8))))
                .isInstanceOf(IOException.class);
    }

    @Test
    void whatWasCalledElsewhere_isTold_andTheThreadOfEach() throws InterruptedException {
        OwnCalls part = calls.beside("part-1 (ranks 0, 2 of the job)");
        assertThat(Whereabouts.describe(part))
                .isEqualTo("it has not called JHorovod since it started");
        calls.inOrder(1, barrier("b"));
        assertThat(Whereabouts.describe(part))
                .startsWith(
                        "it has called nothing of these ranks yet, and last it called or awaited")
                .contains("barrier 'b', of all ranks; its thread '");
        assertThat(Whereabouts.describe(calls)).startsWith("its thread '");

        Thread other = new Thread(() -> part.byName(barrier("c")), "another thread");
        other.start();
        other.join(TimeUnit.SECONDS.toMillis(20));

        assertThat(Whereabouts.describe(calls))
                .startsWith(
                        "since then it called or awaited barrier 'c', of part-1 (ranks 0, 2 of the"
                                + " job)")
                .contains("its thread 'another thread' is gone")
                .contains("; and its thread '" + Thread.currentThread().getName());
        assertThat(Whereabouts.describe(OwnCalls.apart("lane")))
                .isEqualTo("it has not called JHorovod since it started");
    }
}
