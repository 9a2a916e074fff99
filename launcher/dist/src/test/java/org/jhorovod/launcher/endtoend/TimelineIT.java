package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jhorovod.allreduce.timeline.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The timeline of a job of processes. */
@Timeout(120)
class TimelineIT {
    private static final double CLOCK_MICROS = 1000; // by which clocks of one host may differ

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void file_hasTheCollectivesOfAllRanks_onOneClock(int size) throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of(
                                "-np",
                                Integer.toString(size),
                                "--timeline-filename",
                                "trace.json",
                                "--example",
                                "allreduce-perf",
                                "--",
                                "--max=64K",
                                "--iters=5")
                        .withQuickStarts()
                        .in(folder)
                        .run();
        assertThat(result.code()).as(result.out() + result.err()).isZero();

        Trace trace = Trace.read(folder.resolve("trace.json"));
        trace.requireNesting();
        assertThat(trace.of("M", "process_name")).hasSize(size);
        List<List<JsonObject>> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ranks.add(reductions(trace, rank));
        }
        assertThat(ranks.get(0)).hasSizeGreaterThan(20);
        for (int i = 0; i < ranks.get(0).size(); i++) {
            requireOverlap(ranks, i);
        }
    }

    private static List<JsonObject> reductions(Trace trace, int rank) {
        return trace.of("X", "ALL_REDUCE").stream()
                .filter(e -> e.get("pid").getAsInt() == rank)
                .sorted(Comparator.comparingDouble(Trace::start))
                .toList();
    }

    /** No rank ends an all-reduce before all have begun it. */
    private static void requireOverlap(List<List<JsonObject>> ranks, int index) {
        List<JsonObject> spans = ranks.stream().map(rank -> rank.get(index)).toList();
        assertThat(spans.stream().map(Trace::tensor).distinct()).as("%s", spans).hasSize(1);
        double lastStart = spans.stream().mapToDouble(Trace::start).max().orElseThrow();
        double firstEnd = spans.stream().mapToDouble(Trace::end).min().orElseThrow();
        assertThat(lastStart).as("%s", spans).isLessThan(firstEnd + CLOCK_MICROS);
    }

    @Test
    void aFileWithoutAName_isRefused() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "1", "--timeline-filename", "", "true").run();
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("--timeline-filename");
    }
}
