package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page about a run of processes, as a browser shows it. */
@Timeout(300)
class ReportIT {
    private static final Duration TRAINING = Duration.ofSeconds(200);
    private static final int DESK = 1200;
    private static final int PHONE = 390;

    @TempDir Path folder;

    @BeforeAll
    static void requireBrowser() {
        Browser.assume();
    }

    private Jhorovodrun.Builder train(String... options) {
        List<String> words = new ArrayList<>();
        words.addAll(List.of("-np", "2", "--report", "pages/run.html"));
        words.addAll(List.of("--example", "fashion-mnist", "--"));
        words.addAll(List.of(options));
        return Jhorovodrun.of(words.toArray(String[]::new))
                .with("JHOROVOD_BUCKET_MIB", "4")
                .withQuickStarts()
                .in(folder);
    }

    private Path page() {
        return folder.resolve("pages/run.html");
    }

    @Test
    void page_showsWhatLimitedATraining_andWhereItsTimeWent() throws Exception {
        Jhorovodrun.Result result = train(FewImages.option(folder), "--epochs=1").run(TRAINING);
        assertThat(result.code()).as(result.out() + result.err()).isZero();

        Browser.Shown shown = Browser.show(page(), DESK, false);
        assertThat(shown.text())
                .contains("finished", "2 ranks on 1 host", "limited this run")
                .contains("samples/s", "computing", "communication", "waiting for slower ranks")
                .containsPattern("The average of \\d+ steps of rank 0")
                .contains("backward pass", "trainer-0/gradients")
                .containsPattern("shm\\s+all-reduce\\s+[\\d,]+\\s+[\\d.]+ MB")
                .contains("All ranks finished after", "exited with code 0")
                .containsPattern("JHOROVOD_BUCKET_MIB\\s+4\\b")
                .doesNotContain("NaN", "Infinity", "null");
        assertThat(shown.pictures()).as("rank pictures, and bars of a step").isGreaterThan(5);
        assertThat(shown.contentWidth()).isLessThanOrEqualTo(DESK);

        Browser.Shown onPhone = Browser.show(page(), PHONE, true);
        assertThat(onPhone.contentWidth()).as("width on a phone").isLessThanOrEqualTo(PHONE);
        assertThat(onPhone.pageColour()).isNotEqualTo(shown.pageColour());
        assertThat(Files.readString(page())).doesNotContain("<script", "http://", "https://");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void page_saysWhichRankWasKilled_andWhatWasKnownUntilThen(int victim) throws Exception {
        try (Jhorovodrun run = train("--epochs=50").start()) {
            run.input().close();
            run.awaitOut("Training:     70%");
            Jhorovodrun.signal("KILL", pidOfRank(victim, run));
            assertThat(run.await().code()).isEqualTo(137);
        }
        Browser.Shown shown = Browser.show(page(), DESK, false);
        assertThat(shown.text())
                .contains("failed")
                .containsPattern(
                        "This run failed because of rank " + victim + " on \\S+ \\(pid \\d+\\)")
                .contains("SIGKILL (exit code 137)", "Until then", "limited this run")
                .containsPattern("The average of \\d+ steps of rank 0");
        assertThat(shown.pictures()).isGreaterThan(5);
    }

    private static long pidOfRank(int rank, Jhorovodrun run) {
        return run.pidsLeft().stream()
                .filter(pid -> Jhorovodrun.commandLine(pid).contains("FashionMnist"))
                .filter(
                        pid ->
                                Jhorovodrun.content(Path.of("/proc/" + pid + "/environ"))
                                        .contains("JHOROVOD_RANK=" + rank + "\0"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void page_ofARankAlone_hasItsSteps_andTheTimelineBesideIt() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of(
                                "-np",
                                "1",
                                "--report",
                                "pages/run.html",
                                "--timeline-filename",
                                "trace.json",
                                "--example",
                                "fashion-mnist",
                                "--",
                                FewImages.option(folder),
                                "--epochs=1")
                        .with("OMP_NUM_THREADS", "1")
                        .withQuickStarts()
                        .in(folder)
                        .run(TRAINING);
        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(Browser.show(page(), DESK, false).text())
                .contains("1 rank on 1 host", "limited this run", "samples/s");
        assertThat(folder.resolve("trace.json")).isNotEmptyFile();
    }

    @Test
    void programWithoutTheLibrary_hasAPageThatSaysHowItEnded() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "2", "--report", "pages/run.html", "sh", "-c", "exit 3")
                        .in(folder)
                        .run();
        assertThat(result.code()).isEqualTo(3);
        assertThat(Browser.show(page(), DESK, false).text())
                .contains("This run failed because of rank", "There are no figures")
                .contains("exited with code 3");
    }

    @Test
    void fileThatCannotBeWritten_isRefused_beforeAnythingStarts() throws Exception {
        for (String file : new String[] {"", folder.toString()}) {
            Jhorovodrun.Result result =
                    Jhorovodrun.of("-np", "1", "--report", file, "true").in(folder).run();
            assertThat(result.code()).as(file).isEqualTo(2);
            assertThat(result.err()).contains("--report");
        }
    }
}
