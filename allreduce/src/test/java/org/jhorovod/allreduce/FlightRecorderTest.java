package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jhorovod.allreduce.NamedTensors.floats;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.timeline.Track;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the JDK's flight recorder is told, of ranks that are threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FlightRecorderTest {
    private static final int SIZE = 2;
    private static final int COUNT = 100;

    @TempDir Path folder;

    private static int reduce(NamedCommunicator communicator) {
        communicator.planned().allReduce("planned", floats(COUNT, 1), ReduceOp.SUM);
        communicator.allReduce("named", floats(COUNT, 1), ReduceOp.SUM);
        NamedTensors.reduceFused(communicator);
        // As a trainer's step does.
        Track training = ((NegotiatingCommunicator) communicator).timeline().track("training");
        training.waiting("bucket 0").end();
        return 0;
    }

    private List<RecordedEvent> record() throws IOException {
        Path file = folder.resolve("ranks.jfr");
        try (Recording recording = new Recording();
                InProcessCluster cluster = InProcessCluster.start(SIZE)) {
            recording.enable("org.jhorovod.Collective").withoutThreshold();
            recording.enable("org.jhorovod.Wait").withoutThreshold();
            recording.enable("org.jhorovod.Await").withoutThreshold();
            recording.start();
            cluster.runNamed(FlightRecorderTest::reduce);
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file);
    }

    @Test
    void recording_hasEachCollectiveOfEachRank() throws IOException {
        List<RecordedEvent> events = record();

        for (String name : List.of("planned", "named")) {
            assertThat(of(events, "org.jhorovod.Collective", name))
                    .as(name)
                    .hasSize(SIZE)
                    .allSatisfy(
                            event -> {
                                assertThat(event.getString("kind")).isEqualTo("ALL_REDUCE");
                                assertThat(event.getLong("bytes")).isEqualTo(COUNT * 4L);
                                assertThat(event.getInt("tensors")).isEqualTo(1);
                                assertThat(event.getString("names")).isEmpty();
                                assertThat(event.getDuration()).isPositive();
                            });
        }
    }

    @Test
    void recording_hasTheNamesOfTensorsThatRunAsOne() throws IOException {
        assertThat(of(record(), "org.jhorovod.Collective", "g/0"))
                .hasSize(SIZE)
                .allSatisfy(
                        event -> {
                            assertThat(event.getInt("tensors")).isEqualTo(2);
                            assertThat(event.getString("names")).isEqualTo("g/0, g/1");
                            assertThat(event.getLong("bytes")).isEqualTo(80);
                        });
    }

    @Test
    void recording_hasTheWaitsForOtherRanks_withWhatIsWaitedFor() throws IOException {
        assertThat(of(record(), "org.jhorovod.Wait", "bucket 0"))
                .hasSize(SIZE)
                .allSatisfy(event -> assertThat(event.getDuration()).isPositive());
    }

    @Test
    void recording_hasTheAwaits_withTheStackOfWhoWaits() throws IOException {
        assertThat(record())
                .filteredOn(event -> event.getEventType().getName().equals("org.jhorovod.Await"))
                .anySatisfy(
                        event ->
                                assertThat(event.getStackTrace().getFrames())
                                        .extracting(frame -> frame.getMethod().getType().getName())
                                        .contains(FlightRecorderTest.class.getName()));
    }

    private static List<RecordedEvent> of(List<RecordedEvent> events, String type, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals(type))
                .filter(event -> event.getString("tensor").equals(name))
                .toList();
    }
}
