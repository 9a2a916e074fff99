package org.jhorovod.allreduce.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jhorovod.allreduce.timeline.Event.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceFileTest {
    @TempDir Path folder;

    private static Event span(String track, String tensor, long start, long duration) {
        return new Event(Kind.SPAN, track, "ALL_REDUCE", tensor, 8, start, duration);
    }

    @Test
    void file_isWhole_afterEveryWrite() throws Exception {
        Path path = folder.resolve("new/trace.json");
        try (TraceFile file = TraceFile.create(path)) {
            assertThat(Trace.read(path).events()).isEmpty();
            for (int i = 0; i < 50; i++) {
                file.write(i % 3, "here", List.of(span("engine", "t" + i, i * 1_000L, 500)));
                assertThat(Trace.read(path).of("X", "ALL_REDUCE")).hasSize(i + 1);
            }
        }
        Trace.read(path).requireNesting();
    }

    @Test
    void times_areMicroseconds_toTheNanosecond() throws Exception {
        Path path = folder.resolve("trace.json");
        try (TraceFile file = TraceFile.create(path)) {
            file.write(2, "here", List.of(span("engine", "w", 9_007_199_254_740_993L, 1_001)));
        }
        assertThat(Files.readString(path)).contains("9007199254740.993", "1.001");
    }

    @Test
    void names_areEscaped_andComeBackAsTheyWere() throws Exception {
        String odd = "a\"b\\c\n\u0000ü\u2028</script>";
        Path path = folder.resolve("trace.json");
        try (TraceFile file = TraceFile.create(path)) {
            file.write(0, odd, List.of(span(odd, odd, 0, 1)));
        }
        JsonObject event = Trace.read(path).of("X", "ALL_REDUCE").get(0);
        assertThat(Trace.tensor(event)).isEqualTo(odd);
        assertThat(event.get("cat").getAsString()).isEqualTo(odd);
    }

    @Test
    void ranksAndTracks_areNamedOnce() throws Exception {
        Path path = folder.resolve("trace.json");
        try (TraceFile file = TraceFile.create(path)) {
            for (int i = 0; i < 2; i++) {
                file.write(0, "a", List.of(span("engine", "w", 0, 1), span("lane", "w", 0, 1)));
                file.write(1, "b", List.of(span("engine", "w", 0, 1)));
            }
        }
        Trace trace = Trace.read(path);
        assertThat(trace.of("M", "process_name"))
                .extracting(e -> e.getAsJsonObject("args").get("name").getAsString())
                .containsExactly("rank 0 on a", "rank 1 on b");
        assertThat(trace.of("M", "thread_name")).hasSize(3);
        assertThat(trace.of("X", "ALL_REDUCE").stream().map(e -> e.get("tid")).distinct())
                .hasSize(3);
    }

    @Test
    void whatOverlaps_hasTwoEnds_ofTheSameNumber() throws Exception {
        Path path = folder.resolve("trace.json");
        try (TraceFile file = TraceFile.create(path)) {
            file.write(
                    0,
                    "a",
                    List.of(
                            new Event(Kind.OVERLAPPING, "lane", "QUEUE", "x", 0, 1_000, 2_000),
                            new Event(Kind.OVERLAPPING, "lane", "QUEUE", "y", 0, 2_000, 3_000)));
        }
        Trace trace = Trace.read(path);
        List<JsonObject> ends = trace.of("e", "QUEUE");
        assertThat(trace.of("b", "QUEUE").stream().map(e -> e.get("id")))
                .doesNotHaveDuplicates()
                .containsExactlyElementsOf(ends.stream().map(e -> e.get("id")).toList());
        assertThat(ends).extracting(Trace::start).containsExactly(3.0, 5.0);
    }
}
