package org.jhorovod.allreduce.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** Chunks and pieces of them, over seeded random sizes up to beyond 2^31 elements. */
class SpanTest {
    private static final int SEEDS = 200;

    @RepeatedTest(SEEDS)
    void parts_coverEachElementOnce_andDifferByAnElementAtMost(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        DataType type = DataType.values()[random.nextInt(DataType.values().length)];
        int bytes = type.byteCount();
        int parts = 1 + random.nextInt(100);
        long around = random.nextBoolean() ? 1L << 31 : 1L << 33;
        Span whole =
                new Span(
                        (long) random.nextInt() * bytes & Long.MAX_VALUE >> 20,
                        (around - 100 + random.nextInt(200)) * bytes);

        List<Span> spans = whole.split(parts, bytes);

        assertThat(spans).hasSize(parts);
        long end = whole.byteOffset();
        long elementCount = whole.byteCount() / bytes;
        for (Span span : spans) {
            assertThat(span.byteOffset()).as("seed %d", seed).isEqualTo(end);
            assertThat(span.byteCount() % bytes).as("seed %d", seed).isZero();
            assertThat(span.byteCount() / bytes)
                    .as("seed %d", seed)
                    .isBetween(elementCount / parts, (elementCount + parts - 1) / parts);
            end += span.byteCount();
        }
        assertThat(end - whole.byteOffset()).as("seed %d", seed).isEqualTo(whole.byteCount());
    }

    @RepeatedTest(SEEDS)
    void aRingOfHugeChunks_countsBytesWithoutOverflow(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        int size = 2 + random.nextInt(30);
        long byteCount = ((1L << 31) + random.nextInt(1 << 20)) * Double.BYTES;
        List<Span> chunks = new Span(0, byteCount).split(size, Double.BYTES);
        int rank = random.nextInt(size);

        RingPlan allReduce = RingPlan.allReduce(rank, chunks);
        RingPlan reduceScatter = RingPlan.reduceScatter(rank, chunks);

        long own = chunks.get(rank).byteCount();
        assertThat(allReduce.reducedBytes()).as("seed %d", seed).isEqualTo(byteCount - own);
        assertThat(Span.totalBytes(allReduce.outgoing()))
                .as("seed %d", seed)
                .isBetween(
                        2 * (byteCount - chunks.get(0).byteCount()),
                        2 * (byteCount - chunks.get(size - 1).byteCount()));
        assertThat(Span.totalBytes(reduceScatter.outgoing()))
                .as("seed %d", seed)
                .isEqualTo(byteCount - own);
    }

    @RepeatedTest(SEEDS)
    void aCursor_visitsTheBytesOfItsSpansInOrder_whereverBuffersEnd(RepetitionInfo repetition) {
        int seed = repetition.getCurrentRepetition();
        Random random = new Random(seed);
        List<ByteBuffer> buffers = new ArrayList<>();
        List<Byte> content = new ArrayList<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(random.nextInt(40));
            while (buffer.hasRemaining()) {
                content.add((byte) random.nextInt());
                buffer.put(content.get(content.size() - 1));
            }
            buffers.add(buffer.flip());
        }
        HostTensor tensor = HostTensor.of(DataType.UINT8, buffers);
        List<Span> spans = new Span(0, tensor.byteCount()).split(1 + random.nextInt(8), 1);
        Collections.shuffle(spans, random);
        List<Byte> expected = new ArrayList<>();
        for (Span span : spans) {
            int from = (int) span.byteOffset();
            expected.addAll(content.subList(from, from + (int) span.byteCount()));
        }

        List<Byte> visited = new ArrayList<>();
        SpanCursor cursor = new SpanCursor(tensor, spans);
        while (!cursor.isAtEnd()) {
            ByteBuffer view = cursor.view(1 + random.nextInt(10));
            cursor.advance(view.remaining());
            while (view.hasRemaining()) {
                visited.add(view.get());
            }
        }

        assertThat(visited).as("seed %d", seed).isEqualTo(expected);
        assertThat(cursor.remaining()).as("seed %d", seed).isZero();
    }
}
