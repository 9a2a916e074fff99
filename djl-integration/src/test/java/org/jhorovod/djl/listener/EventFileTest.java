package org.jhorovod.djl.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog.SessionStatus;

/** What is written, as TensorFlow's own classes read it. */
@Timeout(60)
class EventFileTest {
    private static final Instant TIME = Instant.ofEpochMilli(1_764_151_234_567L);

    @TempDir private Path folder;

    @Test
    void events_areReadAsTheyWereWritten() throws Exception {
        Map<String, Float> figures = new LinkedHashMap<>();
        figures.put("train/Accuracy", 0.1f);
        figures.put("Größe ✓ " + "x".repeat(300), Float.MIN_VALUE);
        figures.put("batch/loss", Float.NEGATIVE_INFINITY);
        Path path;
        try (EventFile file = EventFile.create(folder.resolve("new"), TIME)) {
            path = file.path();
            file.append(TensorBoardEvent.version(TIME));
            file.append(TensorBoardEvent.sessionStart(TIME, 128));
            file.append(TensorBoardEvent.scalars(TIME.plusMillis(1), 1L << 40, figures));
        }

        List<Event> events = EventReader.events(path);

        assertThat(events).hasSize(3);
        assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(events.get(0).getWallTime()).isEqualTo(1_764_151_234.567);
        assertThat(events.get(1).getStep()).isEqualTo(128);
        assertThat(events.get(1).getSessionLog().getStatus()).isEqualTo(SessionStatus.START);
        assertThat(events.get(2).getWallTime()).isEqualTo(1_764_151_234.568);
        assertThat(EventReader.scalars(events.subList(2, 3)))
                .containsOnlyKeys(figures.keySet())
                .allSatisfy(
                        (tag, steps) ->
                                assertThat(steps).isEqualTo(Map.of(1L << 40, figures.get(tag))));
        assertThat(events)
                .allSatisfy(event -> assertThat(event.getUnknownFields().asMap()).isEmpty());
    }

    @Test
    void steps_ofEveryLengthAreReadExactly() throws Exception {
        Path path;
        try (EventFile file = EventFile.create(folder, TIME)) {
            path = file.path();
            for (int bits = 0; bits < Long.SIZE; bits++) {
                file.append(TensorBoardEvent.scalars(TIME, (1L << bits) - 1, Map.of("a", 1f)));
            }
        }

        List<Event> events = EventReader.events(path);

        for (int bits = 0; bits < Long.SIZE; bits++) {
            assertThat(events.get(bits).getStep()).isEqualTo((1L << bits) - 1);
        }
    }

    @Test
    void event_isInTheFile_beforeItIsClosed_andACutOneSpoilsNoOther() throws Exception {
        try (EventFile file = EventFile.create(folder, TIME)) {
            file.append(TensorBoardEvent.version(TIME));
            file.append(TensorBoardEvent.scalars(TIME, 1, Map.of("a", 1f)));

            assertThat(EventReader.events(file.path())).hasSize(2);

            byte[] bytes = Files.readAllBytes(file.path());
            Path cut = folder.resolve("cut");
            Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length - 20));
            try (var in = Files.newInputStream(cut)) {
                var reader = new org.tensorflow.hadoop.util.TFRecordReader(in, true);
                assertThat(Event.parseFrom(reader.read()).hasSummary()).isFalse();
            }
        }
    }

    @Test
    void reader_findsABrokenByte() throws Exception {
        Path path;
        try (EventFile file = EventFile.create(folder, TIME)) {
            path = file.path();
            file.append(TensorBoardEvent.version(TIME));
        }
        byte[] bytes = Files.readAllBytes(path);
        bytes[20] ^= 1;
        Files.write(path, bytes);

        assertThatThrownBy(() -> EventReader.events(path)).isInstanceOf(IOException.class);
    }

    @Test
    void files_ofOneSecondDiffer_andLaterOnesSortBehind() throws Exception {
        List<Path> created;
        try (EventFile first = EventFile.create(folder, TIME);
                EventFile second = EventFile.create(folder, TIME);
                EventFile later = EventFile.create(folder, TIME.plusSeconds(1))) {
            created = List.of(first.path(), second.path(), later.path());
        }

        assertThat(EventReader.files(folder)).isEqualTo(created);
    }
}
