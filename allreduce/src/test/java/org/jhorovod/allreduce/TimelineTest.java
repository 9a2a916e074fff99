package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.timeline.Timeline;
import org.jhorovod.allreduce.timeline.Trace;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One timeline of ranks that are threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TimelineTest {
    private static final int STEPS = 20;

    @TempDir Path folder;

    private static Timeline timeline(NamedCommunicator communicator) {
        return ((NegotiatingCommunicator) communicator).timeline();
    }

    private static int reduce(Communicator communicator, String name) {
        HostTensor tensor = HostTensor.allocate(DataType.FLOAT32, 1000);
        for (int i = 0; i < STEPS; i++) {
            communicator.allReduce(name + i, tensor, ReduceOp.SUM);
        }
        return 0;
    }

    private static void requireOverlap(Trace trace, String tensor, int size) {
        List<JsonObject> spans =
                trace.of("X", "ALL_REDUCE").stream()
                        .filter(e -> Trace.tensor(e).equals(tensor))
                        .toList();
        assertThat(spans)
                .as(tensor)
                .extracting(e -> e.get("pid").getAsInt())
                .doesNotHaveDuplicates()
                .hasSize(size);
        double lastStart = spans.stream().mapToDouble(Trace::start).max().orElseThrow();
        double firstEnd = spans.stream().mapToDouble(Trace::end).min().orElseThrow();
        assertThat(lastStart).as(tensor).isLessThan(firstEnd + 1000);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void case31_file_hasTheCollectivesOfAllRanks_onOneClock(int size) throws Exception {
        Path file = folder.resolve("trace.json");
        Configuration configuration = Configuration.of(Map.of(Settings.TIMELINE, file.toString()));
        try (InProcessCluster cluster =
                InProcessCluster.start(size, new InProcessTransport(), configuration)) {
            cluster.run(communicator -> reduce(communicator, "w"));
        }
        Trace trace = Trace.read(file);
        trace.requireNesting();
        assertThat(trace.of("M", "process_name")).hasSize(size);
        for (int i = 0; i < STEPS; i++) {
            requireOverlap(trace, "w" + i, size);
        }
        assertThat(trace.of("X", "ALL_REDUCE").get(0).getAsJsonObject("args").get("bytes"))
                .hasToString("4000");
    }

    @Test
    void case31_namedTensors_showNegotiation_packing_andUnpacking() throws Exception {
        Path file = folder.resolve("trace.json");
        Configuration configuration = Configuration.of(Map.of(Settings.TIMELINE, file.toString()));
        try (InProcessCluster cluster =
                InProcessCluster.start(2, new InProcessTransport(), configuration)) {
            cluster.runNamed(NamedTensors::reduceFused);
        }
        Trace trace = Trace.read(file);
        trace.requireNesting();
        assertThat(trace.of("b", "NEGOTIATE")).hasSize(4);
        assertThat(trace.of("X", "PACK")).hasSize(2);
        assertThat(trace.of("X", "UNPACK")).hasSize(2);
    }

    @Test
    void fusedTensors_areNamedWhereTheyArePacked_andReduced() throws Exception {
        Path file = folder.resolve("trace.json");
        Configuration configuration = Configuration.of(Map.of(Settings.TIMELINE, file.toString()));
        try (InProcessCluster cluster =
                InProcessCluster.start(2, new InProcessTransport(), configuration)) {
            cluster.runNamed(NamedTensors::reduceFused);
            cluster.runNamed(c -> reduce(c.planned(), "w"));
        }
        Trace trace = Trace.read(file);
        for (String span : List.of("PACK", "ALL_REDUCE")) {
            assertThat(trace.of("X", span))
                    .filteredOn(each -> Trace.tensor(each).equals("g/0"))
                    .as(span)
                    .hasSize(2)
                    .extracting(each -> each.getAsJsonObject("args"))
                    .allSatisfy(
                            args -> {
                                assertThat(args.get("tensors").getAsInt()).isEqualTo(2);
                                assertThat(args.get("names").getAsString()).isEqualTo("g/0, g/1");
                            });
        }
        assertThat(trace.of("X", "ALL_REDUCE"))
                .filteredOn(each -> Trace.tensor(each).startsWith("w"))
                .isNotEmpty()
                .noneMatch(each -> each.getAsJsonObject("args").has("tensors"));
    }

    @Test
    void case31_timeline_isStartedAndStopped_withANewFileEachTime() throws Exception {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            for (String name : List.of("first", "second")) {
                cluster.run(communicator -> reduce(communicator, "before"));
                cluster.runNamed(c -> onRank0(c, () -> start(c, folder.resolve(name))));
                cluster.runNamed(TimelineTest::awaitOn);
                cluster.run(communicator -> reduce(communicator, name));
                cluster.runNamed(c -> onRank0(c, () -> timeline(c).stop()));
            }
        }
        for (String name : List.of("first", "second")) {
            Trace trace = Trace.read(folder.resolve(name));
            requireOverlap(trace, name + (STEPS - 1), 3);
            assertThat(trace.of("X", "ALL_REDUCE"))
                    .extracting(Trace::tensor)
                    .noneMatch(tensor -> tensor.startsWith("before"));
        }
    }

    private static int onRank0(NamedCommunicator communicator, Runnable action) {
        if (communicator.topology().rank() == 0) {
            action.run();
        }
        return 0;
    }

    private static int awaitOn(NamedCommunicator communicator) {
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(5))
                .until(timeline(communicator).track("test")::isOn);
        return 0;
    }

    private static void start(NamedCommunicator communicator, Path file) {
        try {
            timeline(communicator).start(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anotherRank_cannotStartIt_andIsToldWhoCan() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            NamedCommunicator other = cluster.runNamed(c -> c).get(1);
            assertThatThrownBy(() -> start(other, folder.resolve("trace.json")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("rank 0");
        }
    }

    @Test
    void laterFormations_haveFilesOfTheirOwn() {
        Path file = folder.resolve("trace.json");
        assertThat(TraceName.of(file, 0, 0)).isEqualTo(file);
        assertThat(TraceName.of(file, 1, 0)).isEqualTo(folder.resolve("trace.1.json"));
        assertThat(TraceName.of(file, 1, 2)).isEqualTo(folder.resolve("trace.1-2.json"));
    }
}
