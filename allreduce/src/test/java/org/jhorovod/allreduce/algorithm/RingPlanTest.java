package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
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
        long end = 0;
        for (int index = 0; index < size; index++) {
            Span chunk = RingPlan.chunk(index, size, count, bytes);
            assertThat(chunk.byteOffset()).isEqualTo(end);
            assertThat(chunk.byteCount() / bytes).isBetween(count / size, count / size + 1);
            end += chunk.byteCount();
        }
        assertThat(end).isEqualTo(count * bytes);
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void whatArrivesInOneStepLeavesInTheNext(long seed, int size, long count, int bytes) {
        for (int rank = 0; rank < size; rank++) {
            for (RingPlan plan :
                    List.of(
                            RingPlan.allReduce(rank, size, count, bytes),
                            RingPlan.allGather(rank, size, count, bytes))) {
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
        for (int rank = 0; rank < size; rank++) {
            int next = (rank + 1) % size;
            int root = (int) (seed % size);
            assertThat(RingPlan.allReduce(next, size, count, bytes).incoming())
                    .isEqualTo(RingPlan.allReduce(rank, size, count, bytes).outgoing());
            assertThat(RingPlan.allGather(next, size, count, bytes).incoming())
                    .isEqualTo(RingPlan.allGather(rank, size, count, bytes).outgoing());
            assertThat(RingPlan.broadcast(next, size, root, count * bytes).incoming())
                    .isEqualTo(RingPlan.broadcast(rank, size, root, count * bytes).outgoing());
        }
    }

    @ParameterizedTest(name = "seed {0}: {1} ranks, {2} elements of {3} bytes")
    @MethodSource("shapes")
    void allReduce_reducesEachChunkOnceAndThenReplacesEachOtherOnce(
            long seed, int size, long count, int bytes) {
        for (int rank = 0; rank < size; rank++) {
            RingPlan plan = RingPlan.allReduce(rank, size, count, bytes);
            List<Span> reduced = new ArrayList<>(plan.incoming().subList(0, size - 1));
            List<Span> replaced =
                    new ArrayList<>(plan.incoming().subList(size - 1, 2 * (size - 1)));
            assertThat(RingPlan.totalBytes(reduced)).isEqualTo(plan.reducedBytes());
            Span complete = reduced.get(size - 2);
            assertThat(plan.finishedFrom()).isEqualTo(plan.reducedBytes() - complete.byteCount());
            replaced.add(complete);
            replaced.sort(Comparator.comparingLong(Span::byteOffset));
            assertThat(RingPlan.totalBytes(replaced)).isEqualTo(count * bytes);
        }
    }
}
