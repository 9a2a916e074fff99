package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The index arithmetic of the ring, over seeded random shapes; the seed is in the test's name. */
class RingPlanTest {

    static Stream<Arguments> shapes() {
        return Stream.iterate(1L, seed -> seed + 1)
                .limit(200)
                .map(
                        seed -> {
                            Random random = new Random(seed);
                            int size = 2 + random.nextInt(9);
                            long count =
                                    random.nextInt(5) == 0
                                            ? random.nextInt(size)
                                            : random.nextInt(1000);
                            int bytes = 1 << random.nextInt(4);
                            return Arguments.of(seed, size, count, bytes);
                        });
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void chunksTileTheTensor(long seed, int size, long count, int bytes) {
        List<Span> chunks = new Span(0, count * bytes).split(size, bytes);
        long end = 0;
        for (int index = 0; index < size; index++) {
            Span chunk = chunks.get(index);
            assertThat(chunk.byteOffset()).isEqualTo(end);
            assertThat(chunk.byteCount() / bytes).isBetween(count / size, count / size + 1);
            end += chunk.byteCount();
        }
        assertThat(end).isEqualTo(count * bytes);
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void whatArrivesInOneStepLeavesInTheNext(long seed, int size, long count, int bytes) {
        List<Span> chunks = unevenChunks(seed, size, count, bytes);
        for (int rank = 0; rank < size; rank++) {
            for (RingPlan plan :
                    List.of(
                            RingPlan.allReduce(rank, chunks),
                            RingPlan.reduceScatter(rank, chunks),
                            RingPlan.allGather(rank, chunks))) {
                int steps = plan.outgoing().size();
                assertThat(plan.outgoing().subList(1, steps))
                        .isEqualTo(plan.incoming().subList(0, steps - 1));
                assertThat(plan.headStart()).isEqualTo(plan.outgoing().get(0).byteCount());
            }
        }
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void neighboursAgreeOnEveryStep(long seed, int size, long count, int bytes) {
        List<Span> chunks = unevenChunks(seed, size, count, bytes);
        for (int rank = 0; rank < size; rank++) {
            int next = (rank + 1) % size;
            int root = (int) (seed % size);
            assertThat(RingPlan.allReduce(next, chunks).incoming())
                    .isEqualTo(RingPlan.allReduce(rank, chunks).outgoing());
            assertThat(RingPlan.reduceScatter(next, chunks).incoming())
                    .isEqualTo(RingPlan.reduceScatter(rank, chunks).outgoing());
            assertThat(RingPlan.allGather(next, chunks).incoming())
                    .isEqualTo(RingPlan.allGather(rank, chunks).outgoing());
            assertThat(RingPlan.broadcast(next, size, root, count * bytes).incoming())
                    .isEqualTo(RingPlan.broadcast(rank, size, root, count * bytes).outgoing());
        }
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void allReduce_reducesEachChunkOnceAndThenReplacesEachOtherOnce(
            long seed, int size, long count, int bytes) {
        for (int rank = 0; rank < size; rank++) {
            List<Span> chunks = new Span(0, count * bytes).split(size, bytes);
            RingPlan plan = RingPlan.allReduce(rank, chunks);
            List<Span> reduced = new ArrayList<>(plan.incoming().subList(0, size - 1));
            List<Span> replaced =
                    new ArrayList<>(plan.incoming().subList(size - 1, 2 * (size - 1)));
            assertThat(Span.totalBytes(reduced)).isEqualTo(plan.reducedBytes());
            Span complete = reduced.get(size - 2);
            assertThat(plan.finishedFrom()).isEqualTo(plan.reducedBytes() - complete.byteCount());
            replaced.add(complete);
            replaced.sort(Comparator.comparingLong(Span::byteOffset));
            assertThat(Span.totalBytes(replaced)).isEqualTo(count * bytes);
        }
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void reduceScatter_endsWithTheOwnChunk_afterEachOtherRankHasAddedItsPart(
            long seed, int size, long count, int bytes) {
        List<Span> chunks = unevenChunks(seed, size, count, bytes);
        // Which ranks' parts a rank has of each chunk: at first its own.
        List<List<Set<Integer>>> parts = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            int self = rank;
            parts.add(chunks.stream().<Set<Integer>>map(c -> new HashSet<>(Set.of(self))).toList());
        }
        for (int step = 0; step < size - 1; step++) {
            for (int rank = 0; rank < size; rank++) {
                int chunk = Math.floorMod(rank - 1 - step, size);
                RingPlan plan = RingPlan.reduceScatter(rank, chunks);
                assertThat(plan.outgoing().get(step)).isEqualTo(chunks.get(chunk));
                parts.get((rank + 1) % size).get(chunk).addAll(parts.get(rank).get(chunk));
            }
        }
        for (int rank = 0; rank < size; rank++) {
            RingPlan plan = RingPlan.reduceScatter(rank, chunks);
            assertThat(plan.incoming().get(size - 2)).isEqualTo(chunks.get(rank));
            assertThat(plan.reducedBytes()).isEqualTo(Span.totalBytes(plan.incoming()));
            assertThat(parts.get(rank).get(rank)).hasSize(size);
        }
    }

    @Test
    void onlyAnAllReduceOfSomethingIsInHalves() {
        List<Span> chunks = new Span(0, 12).split(3, 4);
        RingPlan allReduce = RingPlan.allReduce(0, chunks);

        assertThat(allReduce.isInHalves()).isTrue();
        assertThat(allReduce.receivedBytes()).isEqualTo(16);
        assertThat(allReduce.reducedBytes()).isEqualTo(8);
        for (RingPlan other :
                List.of(
                        RingPlan.reduceScatter(0, chunks),
                        RingPlan.allGather(0, chunks),
                        RingPlan.exchange(12),
                        RingPlan.allReduce(0, new Span(0, 0).split(3, 4)))) {
            assertThat(other.isInHalves()).isFalse();
        }
    }

    /** Some chunks are empty, as for ranks that carry no shard. */
    private static List<Span> unevenChunks(long seed, int size, long count, int bytes) {
        int filled = 1 + (int) (seed % size);
        List<Span> chunks = new Span(0, count * bytes).split(filled, bytes);
        while (chunks.size() < size) {
            chunks.add(new Span(count * bytes, 0));
        }
        return chunks;
    }
}
