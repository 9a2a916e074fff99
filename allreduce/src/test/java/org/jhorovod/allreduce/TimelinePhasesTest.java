package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.timeline.Trace;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a timeline shows inside a collective, of ranks that are threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TimelinePhasesTest {
    private static final int COUNT = 6 << 20; // 24 MiB: two slices by place, of 16 and 8
    private static final long MIB = 1 << 20;
    private static final Duration LATE = Duration.ofMillis(200);

    @TempDir Path folder;

    private Configuration traced() {
        return Configuration.of(Map.of(Settings.TIMELINE, file().toString()));
    }

    private Path file() {
        return folder.resolve("trace.json");
    }

    private static int reduce(Communicator communicator, int count) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, count);
        communicator.allReduce("w", tensor, ReduceOp.SUM);
        return 0;
    }

    private static int reduceInPlace(Communicator communicator, int count) {
        try (RegisteredMemory memory = communicator.allocate("m", DataType.FLOAT32, count)) {
            communicator.allReduce("w", memory.tensor(), ReduceOp.SUM);
            return 0;
        }
    }

    /** The spans of a phase, each of which lies in the span of another name on its row. */
    private static List<JsonObject> inside(Trace trace, String phase, String around) {
        List<JsonObject> spans = trace.of("X", phase);
        assertThat(spans)
                .as(phase)
                .allSatisfy(
                        span ->
                                assertThat(trace.of("X", around))
                                        .as("%s around %s", around, span)
                                        .anyMatch(each -> isInside(span, each)));
        return spans;
    }

    private static boolean isInside(JsonObject span, JsonObject around) {
        return span.get("pid").equals(around.get("pid"))
                && span.get("tid").equals(around.get("tid"))
                && Trace.tensor(span).equals(Trace.tensor(around))
                && Trace.start(span) >= Trace.start(around)
                && Trace.end(span) <= Trace.end(around) + 0.001; // times are rounded
    }

    private static long byteCount(JsonObject span) {
        return span.getAsJsonObject("args").get("bytes").getAsLong();
    }

    @Test
    void byPlace_aSliceHasItsPhasesInsideAndBetweenTheHosts() throws Exception {
        try (InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(2, 2), traced())) {
            cluster.run(c -> reduce(c, COUNT));
        }
        Trace trace = Trace.read(file());
        trace.requireNesting();
        assertThat(trace.of("X", "ALL_REDUCE")).hasSize(4);
        for (String phase : List.of("INTRA_HOST_REDUCE_SCATTER", "INTRA_HOST_ALL_GATHER")) {
            assertThat(inside(trace, phase, "ALL_REDUCE"))
                    .hasSize(8)
                    .extracting(TimelinePhasesTest::byteCount)
                    .containsOnly(16 * MIB, 8 * MIB);
        }
        assertThat(inside(trace, "INTER_HOST_ALL_REDUCE", "ALL_REDUCE"))
                .hasSize(8)
                .extracting(TimelinePhasesTest::byteCount)
                .containsOnly(8 * MIB, 4 * MIB);
        assertThat(inside(trace, "RING_REDUCE_SCATTER", "INTER_HOST_ALL_REDUCE")).hasSize(8);
        assertThat(inside(trace, "RING_ALL_GATHER", "INTER_HOST_ALL_REDUCE")).hasSize(8);
    }

    @Test
    void aroundARing_theHalvesFollowOneAnother() throws Exception {
        try (InProcessCluster cluster =
                InProcessCluster.start(3, new InProcessTransport(), traced())) {
            cluster.run(
                    c -> {
                        if (c.rank() == 2) {
                            await().pollDelay(LATE).until(() -> true);
                        }
                        return reduce(c, 3000);
                    });
        }
        Trace trace = Trace.read(file());
        trace.requireNesting();
        List<JsonObject> scatters = inside(trace, "RING_REDUCE_SCATTER", "ALL_REDUCE");
        List<JsonObject> gathers = inside(trace, "RING_ALL_GATHER", "ALL_REDUCE");
        assertThat(scatters).hasSize(3).allMatch(span -> byteCount(span) == 8000);
        assertThat(gathers).hasSize(3).allMatch(span -> byteCount(span) == 8000);
        assertThat(scatters)
                .as("waits for the rank that is late")
                .filteredOn(span -> span.get("pid").getAsInt() < 2)
                .allMatch(span -> Trace.end(span) - Trace.start(span) > LATE.toMillis() * 500);
        for (JsonObject gather : gathers) {
            assertThat(scatters)
                    .filteredOn(scatter -> scatter.get("pid").equals(gather.get("pid")))
                    .singleElement()
                    .satisfies(
                            scatter ->
                                    assertThat(Trace.end(scatter))
                                            .isLessThanOrEqualTo(Trace.start(gather) + 0.001));
        }
    }

    @Test
    void inSharedMemory_whatIsReducedAtOnce_isApartFromTheWaits() throws Exception {
        try (InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(2), traced())) {
            cluster.run(c -> reduceInPlace(c, COUNT));
            cluster.run(c -> reduce(c, 1000));
        }
        Trace trace = Trace.read(file());
        trace.requireNesting();
        assertThat(inside(trace, "SHARED_MEMORY_REDUCE", "ALL_REDUCE"))
                .extracting(TimelinePhasesTest::byteCount)
                .containsExactlyInAnyOrder(12 * MIB, 12 * MIB, 4000L, 4000L);
    }
}
