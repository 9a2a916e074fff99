package org.jhorovod.launcher.tool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ToolAnswerTest {

    @Test
    void answer_isAllThatTheToolSays_andItsExitCode() throws Exception {
        assertThat(ToolAnswer.await(start("echo a; echo b; exit 3"), Duration.ofSeconds(20)))
                .contains(new ToolAnswer(3, "a\nb\n"));
    }

    @Test
    void toolThatHangs_isKilled_andHasNotAnswered() throws Exception {
        Process process = start("echo a; exec sleep 600");
        assertThat(ToolAnswer.await(process, Duration.ofMillis(500))).isEmpty();
        assertThat(process.isAlive()).isFalse();
    }

    @Test
    void searchPath_findsOnlyWhatCanBeExecuted() {
        assertThat(new SearchPath("/etc:/usr/bin:/bin").find("sh")).isPresent();
        assertThat(new SearchPath("/etc").find("passwd")).as("no program").isEmpty();
        assertThat(new SearchPath("/").find("etc")).as("a folder").isEmpty();
    }

    private static Process start(String script) throws IOException {
        return new ProcessBuilder("bash", "-c", script).start();
    }
}
