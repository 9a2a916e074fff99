package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProcessGroupsTest {
    private static final int SIGTERM_CODE = 143;

    /** As between the start of {@code setsid} and what it does. */
    @Test
    void end_findsAProcess_thatIsNotYetInAGroupOfItsOwn() throws Exception {
        Process process = new ProcessBuilder("sleep", "600").start();
        try {
            ProcessGroups groups = new ProcessGroups();
            groups.add(process.pid());
            assertThat(groups.end(Duration.ofSeconds(5), Duration.ofSeconds(5))).isTrue();
            assertThat(process.waitFor(1, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(SIGTERM_CODE);
        } finally {
            process.destroyForcibly();
        }
    }
}
