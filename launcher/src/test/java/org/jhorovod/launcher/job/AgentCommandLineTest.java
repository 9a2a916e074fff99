package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.jhorovod.launcher.plan.SshOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class AgentCommandLineTest {

    @Test
    void agentHere_isASessionOfItsOwn_onTheSameClassPath() {
        assertThat(AgentCommandLine.here())
                .startsWith("setsid", "--", System.getProperty("java.home") + "/bin/java")
                .contains(System.getProperty("java.class.path"))
                .endsWith("org.jhorovod.launcher.agent.AgentMain");
    }

    @Test
    void agentThere_isReachedBySsh_whichGivesUpADeadConnectionAfterTheLauncher() {
        List<String> words =
                AgentCommandLine.bySsh("h2", SshOptions.standard(), Duration.ofSeconds(30));
        assertThat(words)
                .startsWith("setsid", "--", "ssh", "-o", "ServerAliveInterval=16")
                .contains("ServerAliveCountMax=3", "h2");
        assertThat(words.get(words.size() - 1))
                .startsWith("exec env LC_ALL=C.UTF-8 ")
                .endsWith(" org.jhorovod.launcher.agent.AgentMain");
        assertThat(AgentCommandLine.bySsh("h2", SshOptions.standard(), Duration.ofSeconds(1)))
                .contains("ServerAliveInterval=2");
    }
}
