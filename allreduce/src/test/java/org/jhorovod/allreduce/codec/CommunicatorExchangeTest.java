package org.jhorovod.allreduce.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.collective.Communicator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CommunicatorExchangeTest {
    private static final int STREAMS = 3;

    private interface Work {
        void on(Exchange exchange, int rank);
    }

    private static void run(int size, Work work) {
        try (InProcessCluster cluster = InProcessCluster.start(size)) {
            cluster.run(
                    communicator -> {
                        List<Communicator> streams = new ArrayList<>();
                        for (int i = 0; i < STREAMS; i++) {
                            streams.add(communicator.split("stream-" + i, 0));
                        }
                        work.on(new CommunicatorExchange(streams, "test"), communicator.rank());
                        return null;
                    });
        }
    }

    private static byte[] bytes(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer direct(int count) {
        return ByteBuffer.allocateDirect(count + 8).position(8); // not at the start of its memory
    }

    @ParameterizedTest
    @CsvSource({"1, 100001", "2, 0", "2, 5", "2, 65536", "2, 100001", "3, 300007"})
    void bytesOfAllCarriers_comeInTheirOrder_overSeveralStreams(int size, int count) {
        run(
                size,
                (exchange, rank) -> {
                    ByteBuffer own = direct(count).put(bytes(count, rank)).position(8);
                    ByteBuffer all = direct(count * size);
                    exchange.allGather(own, all);

                    for (int carrier = 0; carrier < size; carrier++) {
                        byte[] of = new byte[count];
                        all.get(8 + carrier * count, of);
                        assertThat(of).isEqualTo(bytes(count, carrier));
                    }
                });
    }

    @ParameterizedTest
    @CsvSource({"1, 40001", "2, 0", "2, 1", "2, 16384", "2, 40001", "3, 70003"})
    void elements_areSummed_overSeveralStreams(int size, int count) {
        run(
                size,
                (exchange, rank) -> {
                    float[] values = new float[count];
                    for (int i = 0; i < count; i++) {
                        values[i] = i + rank;
                    }
                    ByteBuffer sum = Floats.direct(values);
                    exchange.allReduce(sum);

                    float[] sums = Floats.of(sum);
                    for (int i = 0; i < count; i++) {
                        assertThat(sums[i]).isEqualTo(size * i + size * (size - 1) / 2f);
                    }
                });
    }
}
