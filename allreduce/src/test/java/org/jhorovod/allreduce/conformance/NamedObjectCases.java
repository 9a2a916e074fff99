package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.reflect.TypeToken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ObjectCodec;

/** The cases of {@link NamedCases} about objects. */
final class NamedObjectCases {
    private static final ObjectCodec<State> JSON = ObjectCodec.json(State.class);
    private static final ObjectCodec<String> TEXT = new Text();

    private NamedObjectCases() {}

    /** What a training might tell: types are kept. */
    record State(int epoch, double loss, String note, List<Long> seen) {
        static State of(int rank) {
            return new State(
                    rank, rank / 2.0 - 1, "ü of " + rank, List.of(7L, 1L << 60, -rank + 0L));
        }
    }

    /** Plain texts, of which one cannot be read. */
    private static final class Text implements ObjectCodec<String> {
        static final String BAD = "bad";

        @Override
        public byte[] encode(String value) {
            return value.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String decode(byte[] bytes) {
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (text.equals(BAD)) {
                throw new IllegalArgumentException("it is bad");
            }
            return text;
        }
    }

    /** Makes more bytes than an object may have. */
    private static final class Huge implements ObjectCodec<String> {
        @Override
        public byte[] encode(String value) {
            return new byte[NamedCommunicator.MAX_OBJECT_BYTES + 1];
        }

        @Override
        public String decode(byte[] bytes) {
            return "";
        }
    }

    /** The group goes on after each. */
    static List<ConformanceCase> all() {
        return List.of(
                NamedValues.of("case-23-objects-from-every-root", NamedObjectCases::broadcast),
                NamedValues.of("case-23-objects-of-all-ranks", NamedObjectCases::gather),
                NamedValues.of("case-23-objects-of-any-length", NamedObjectCases::lengths),
                NamedValues.of("case-23-objects-that-cannot-be-read", NamedObjectCases::malformed),
                NamedValues.of("case-23-objects-that-differ", NamedObjectCases::differ),
                NamedValues.of("case-23-objects-that-are-refused", NamedObjectCases::refused),
                NamedValues.of("case-21-join-on-objects", NamedObjectCases::join));
    }

    private static void broadcast(NamedCommunicator c) {
        for (int root = 0; root < c.size(); root++) {
            State own = c.rank() == root ? State.of(root) : null;
            assertThat(c.broadcastObject("state", own, JSON, root)).isEqualTo(State.of(root));
            State all = c.broadcastObject("state", State.of(c.rank()), JSON, root);
            assertThat(all).as("others are not looked at").isEqualTo(State.of(root));
        }
        ObjectCodec<Map<String, Double>> losses =
                ObjectCodec.json(new TypeToken<Map<String, Double>>() {}.getType());
        Map<String, Double> sent = Map.of("a", Double.NaN, "b", 1e-300, "c", -0.0);
        assertThat(c.broadcastObject("losses", sent, losses, 0)).isEqualTo(sent);
    }

    private static void gather(NamedCommunicator c) {
        List<State> expected = new ArrayList<>();
        for (int rank = 0; rank < c.size(); rank++) {
            expected.add(State.of(rank));
        }
        assertThat(c.allGatherObjects("states", State.of(c.rank()), JSON)).isEqualTo(expected);
    }

    /** Of no bytes too, and other ones each time. */
    private static void lengths(NamedCommunicator c) {
        for (int step : List.of(0, 1, 100_000)) {
            List<String> expected = new ArrayList<>();
            for (int rank = 0; rank < c.size(); rank++) {
                expected.add("x".repeat(rank * step));
            }
            String own = "x".repeat(c.rank() * step);
            assertThat(c.allGatherObjects("texts", own, TEXT)).isEqualTo(expected);
            assertThat(c.broadcastObject("text", own, TEXT, c.size() - 1))
                    .isEqualTo(expected.get(c.size() - 1));
        }
    }

    /** On every rank, which names whose it is, and the job goes on. */
    private static void malformed(NamedCommunicator c) {
        int last = c.size() - 1;
        String own = c.rank() == last ? Text.BAD : "good";
        requireMalformed(c, c.allGatherObjectsAsync("texts", own, TEXT), "from rank " + last);
        requireMalformed(c, c.broadcastObjectAsync("text", own, TEXT, last), "it is bad");
        ObjectCodec<String> other = c.rank() == last ? TEXT : ObjectCodec.json(String.class);
        CompletableFuture<String> future = c.broadcastObjectAsync("codec", "{1", other, last);
        if (c.rank() == last) {
            assertThat(c.await(future)).isEqualTo("{1");
        } else {
            requireMalformed(c, future, "from rank " + last);
        }
        c.barrier("after the malformed");
    }

    private static void requireMalformed(
            NamedCommunicator c, CompletableFuture<?> future, String words) {
        assertThatThrownBy(() -> c.await(future))
                .isInstanceOf(MismatchException.class)
                .hasMessageContaining("cannot be read")
                .hasMessageContaining(words)
                .satisfies(
                        e ->
                                assertThat(((CollectiveException) e).recovery())
                                        .isEqualTo(CollectiveException.Recovery.CALLER));
    }

    private static void differ(NamedCommunicator c) {
        boolean isOdd = c.rank() % 2 == 1;
        NamedValues.requireError(
                c, () -> c.broadcastObjectAsync("root", "a", TEXT, isOdd ? 1 : 0), "root");
        NamedValues.requireError(
                c,
                () ->
                        isOdd
                                ? c.allGatherObjectsAsync("kind", "a", TEXT)
                                : c.broadcastObjectAsync("kind", "a", TEXT, 0),
                "object broadcast",
                "object all-gather");
    }

    private static void refused(NamedCommunicator c) {
        assertThatThrownBy(() -> c.broadcastObjectAsync("r", "a", TEXT, c.size()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no rank");
        assertThatThrownBy(() -> c.broadcastObjectAsync("n", null, TEXT, c.rank()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("null");
        if (c.rank() == 0) { // one at a time, where ranks share a heap
            assertThatThrownBy(() -> c.allGatherObjectsAsync("h", "a", new Huge()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at most");
        }
        c.barrier("after the refused");
    }

    private static void join(NamedCommunicator c) {
        if (c.rank() != 0 && c.size() > 1) {
            List<String> expected = new ArrayList<>();
            for (int rank = 1; rank < c.size(); rank++) {
                expected.add("of " + rank);
            }
            String own = "of " + c.rank();
            assertThat(c.allGatherObjects("without rank 0", own, TEXT)).isEqualTo(expected);
            assertThat(c.broadcastObject("from rank 1", own, TEXT, 1)).isEqualTo("of 1");
            assertThatThrownBy(() -> c.broadcastObject("from rank 0", own, TEXT, 0))
                    .isInstanceOf(MismatchException.class)
                    .hasMessageMatching("(?s).*rank 0 on \\S+ has joined.*");
        }
        c.await(c.joinAsync());
    }
}
