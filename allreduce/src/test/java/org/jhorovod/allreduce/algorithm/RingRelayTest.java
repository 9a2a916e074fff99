package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index arithmetic of an all-to-all around a ring, over seeded random counts. */
class RingRelayTest {
    private static final int SLICE = 64;

    private static ExchangeCounts counts(Random random, int size) {
        LongBuffer numbers = LongBuffer.allocate(2 * size * size);
        for (int from = 0; from < size; from++) {
            for (int to = 0; to < size; to++) {
                long count = random.nextInt(3) == 0 ? 0 : random.nextInt(150);
                numbers.put(2 * size * from + to, count);
                numbers.put(2 * size * to + size + from, count);
            }
        }
        return new ExchangeCounts(size, numbers);
    }

    /** A byte that tells where it comes from, where it goes and which one it is. */
    private static int element(int from, int to, int index) {
        return (from * 16 + to) * 1024 + index;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void everyByteComesToItsPlace_slicesAndStepsOneAfterAnother(long seed) {
        Random random = new Random(seed);
        int size = 1 + (int) (seed % 8); // small seeds have like first numbers
        ExchangeCounts counts = counts(random, size);
        assertThat(counts.firstDifference()).isEmpty();
        List<int[]> memories = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            memories.add(memory(rank, counts));
        }
        for (long start = 0; start < counts.largest(); start += SLICE) {
            relay(memories, counts, new Span(start, SLICE));
        }
        for (int rank = 0; rank < size; rank++) {
            ExchangeSpans spans = ExchangeSpans.of(rank, counts, 1);
            for (int from = 0; from < size; from++) {
                Span part = spans.received().get(from);
                for (int i = 0; i < part.byteCount(); i++) {
                    int place = (int) (spans.sentBytes() + part.byteOffset()) + i;
                    assertThat(memories.get(rank)[place])
                            .as("element %d from rank %d to rank %d", i, from, rank)
                            .isEqualTo(element(from, rank, i));
                }
            }
        }
    }

    private static int[] memory(int rank, ExchangeCounts counts) {
        ExchangeSpans spans = ExchangeSpans.of(rank, counts, 1);
        long scratch = 2L * counts.size() * SLICE;
        int[] memory = new int[(int) (spans.sentBytes() + spans.receivedBytes() + scratch)];
        int place = 0;
        for (int to = 0; to < counts.size(); to++) {
            for (int i = 0; i < counts.sent(rank, to); i++) {
                memory[place++] = element(rank, to, i);
            }
        }
        return memory;
    }

    private static void relay(List<int[]> memories, ExchangeCounts counts, Span slice) {
        int size = counts.size();
        List<RingRelay> relays = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            RingRelay relay = new RingRelay(rank, counts, 1, slice);
            assertThat(relay.scratchBytes()).isLessThanOrEqualTo(2L * size * SLICE);
            relays.add(relay);
            int[] own = memories.get(rank);
            Span from = relay.ownFrom();
            System.arraycopy(
                    own, (int) from.byteOffset(), own, (int) relay.ownTo(), (int) from.byteCount());
        }
        for (int step = 1; step < size; step++) {
            List<List<Integer>> streams = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                assertApart(relays.get(rank).step(step));
                streams.add(read(memories.get(rank), relays.get(rank).step(step).outgoing()));
            }
            for (int rank = 0; rank < size; rank++) {
                List<Integer> stream = streams.get((rank + size - 1) % size);
                write(stream, memories.get(rank), relays.get(rank).step(step).incoming());
            }
        }
    }

    /** What comes in while something goes out must not lie where that does. */
    private static void assertApart(RingPlan plan) {
        for (Span out : plan.outgoing()) {
            for (Span in : plan.incoming()) {
                long start = Math.max(out.byteOffset(), in.byteOffset());
                long outEnd = out.byteOffset() + out.byteCount();
                long inEnd = in.byteOffset() + in.byteCount();
                assertThat(Math.min(outEnd, inEnd))
                        .as("%s goes out, %s comes in", out, in)
                        .isLessThanOrEqualTo(start);
            }
        }
    }

    private static List<Integer> read(int[] memory, List<Span> spans) {
        List<Integer> stream = new ArrayList<>();
        for (Span span : spans) {
            for (int i = 0; i < span.byteCount(); i++) {
                stream.add(memory[(int) span.byteOffset() + i]);
            }
        }
        return stream;
    }

    private static void write(List<Integer> stream, int[] memory, List<Span> spans) {
        assertThat(stream).hasSize((int) Span.totalBytes(spans));
        int next = 0;
        for (Span span : spans) {
            for (int i = 0; i < span.byteCount(); i++) {
                memory[(int) span.byteOffset() + i] = stream.get(next++);
            }
        }
    }
}
