package org.jhorovod.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageTest {
    private static RunFacts facts(RunFacts.Outcome outcome, String reason) {
        return new RunFacts(
                outcome,
                reason,
                outcome == RunFacts.Outcome.FINISHED ? 0 : 137,
                Instant.parse("2026-11-27T01:02:03Z"),
                Duration.ofSeconds(75),
                List.of("java", "-cp", "a.jar:b.jar", "com.example.Train", "<b>"),
                List.of(
                        new RunFacts.Rank(0, "host0", "exited with code 0", true),
                        new RunFacts.Rank(1, "host1", "was ended by SIGKILL", false)),
                Optional.empty());
    }

    private static String page(RunFacts facts, Run... ranks) throws IOException {
        return Page.of(
                facts,
                ranks.length == 0
                        ? Optional.empty()
                        : Optional.of(new Figures(Run.summary(ranks))));
    }

    @Test
    void page_isWholeInItself_andEscapesWhatComesFromOutside() throws Exception {
        String page = page(facts(RunFacts.Outcome.FINISHED, ""), Run.steps(), Run.steps());
        assertThat(page)
                .startsWith("<!DOCTYPE html>")
                .contains("com.example.Train &lt;b&gt;", "bucket &lt;1&gt;")
                .contains("prefers-color-scheme: dark")
                .doesNotContain("<script", "http:", "https:", "<b>");
    }

    @Test
    void classPath_isLeftOut() throws Exception {
        assertThat(page(facts(RunFacts.Outcome.FINISHED, "")))
                .contains("java -cp … com.example.Train")
                .doesNotContain("b.jar");
    }

    @Test
    void failure_comesFirst_andThenWhatLimitedTheRunUntilThen() throws Exception {
        String page =
                page(
                        facts(RunFacts.Outcome.FAILED, "because of rank 1, which was killed"),
                        Run.steps(),
                        Run.steps());
        assertThat(page)
                .contains(
                        "<h1>This run failed because of rank 1, which was killed.</h1>",
                        "Until then: computing limited this run");
    }

    @Test
    void pageWithoutFigures_saysWhy() throws Exception {
        assertThat(page(facts(RunFacts.Outcome.FINISHED, "")))
                .contains("no rank told of any collective", "There are no figures")
                .doesNotContain("Where the time went");
    }

    @Test
    void allOutcomes_haveASentence() throws Exception {
        for (RunFacts.Outcome outcome : RunFacts.Outcome.values()) {
            assertThat(page(facts(outcome, "because of this"))).contains("<h1>This run ");
        }
    }

    @Test
    void severalJobsInARun_areSaid_forOnlyTheLastIsShown() throws Exception {
        RunFacts facts = facts(RunFacts.Outcome.FINISHED, "");
        Figures third = new Figures(Run.summary(2, Run.steps(), Run.steps()));
        assertThat(Page.of(facts, Optional.of(third)))
                .contains("3 times in this run: the figures are of the last time alone");
        assertThat(page(facts, Run.steps())).doesNotContain("times in this run");
    }

    @Test
    void manyRanks_areDrawnInPart_andAllInTheTable() throws Exception {
        Run[] ranks = Stream.generate(Run::steps).limit(40).toArray(Run[]::new);
        ranks[33] = Run.steps().late(0.2);
        String page = page(facts(RunFacts.Outcome.FINISHED, ""), ranks);
        assertThat(page)
                .contains("8 of 40 ranks", ">host39</td>", ">rank 33<")
                .doesNotContain(">rank 20<");
    }

    @Test
    void file_isReplacedAsAWhole_inAFolderThatIsMade(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("a/b/run.html");
        ReportFile file = ReportFile.prepare(path);
        for (int i = 0; i < 2; i++) {
            file.write(facts(RunFacts.Outcome.FINISHED, ""), Optional.empty());
        }
        assertThat(path).isNotEmptyFile();
        try (Stream<Path> files = Files.list(path.getParent())) {
            assertThat(files).containsExactly(path);
        }
        assertThatThrownBy(() -> ReportFile.prepare(folder)).hasMessageContaining("folder");
    }
}
