package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The guard of an agent that this test plays, over real processes. */
@Timeout(60)
class GuardTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SOON = Duration.ofSeconds(8);

    private Process victim = start("sleep 600 & exec sleep 600");
    private Path folder = Path.of("");

    GuardTest() throws IOException {}

    @BeforeEach
    void makeSecret() throws IOException {
        folder = SecretFolder.create(Secret.random()).path();
    }

    @AfterEach
    void endVictim() throws IOException {
        ProcessGroups groups = new ProcessGroups();
        groups.add(victim.pid());
        groups.end(Duration.ZERO, SOON);
        new SecretFolder(folder).delete();
    }

    @Test
    void guard_endsGroupsAndSecret_whenTheAgentIsGone() throws IOException {
        Guard guard = Guard.start(LONG, Guard.NOBODY);
        guard.add(victim.pid());
        guard.delete(folder);
        guard.close();
        awaitNothingLeft();
        Awaitility.await().atMost(SOON).until(() -> !Files.exists(folder));
    }

    @Test
    void guard_killsWhatDoesNotObey_andFindsWhatHasLeftItsGroup() throws IOException {
        victim =
                start(
                        "trap '' TERM; set -m; (trap '' TERM; sleep 600; sleep 600) & sleep 600;"
                                + " wait");
        awaitMembers(4);
        Guard guard = Guard.start(LONG, Guard.NOBODY);
        guard.add(victim.pid());
        guard.close();
        awaitNothingLeft();
    }

    @Test
    void guard_findsARank_ofWhichTheAgentDidNotTellAnyMore() throws IOException {
        ProcessBuilder builder = new ProcessBuilder("setsid", "sleep", "600");
        builder.environment().put("JHOROVOD_SECRET_FILE", folder.resolve("secret").toString());
        victim = builder.start();
        Guard guard = Guard.start(LONG, Guard.NOBODY);
        guard.delete(folder);
        guard.close();
        awaitNothingLeft();
    }

    @Test
    void guard_endsTheGroups_andTheAgent_whenThatStandsStill() throws Exception {
        Process agent = start("exec sleep 600");
        Guard guard = Guard.start(Duration.ofMillis(100), agent.pid());
        guard.add(victim.pid());
        awaitNothingLeft();
        assertThat(agent.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void guard_waits_asLongAsTheAgentBeats_andKeepsOffAForgottenGroup() throws Exception {
        Guard guard = Guard.start(Duration.ofSeconds(2), Guard.NOBODY);
        guard.add(victim.pid());
        guard.delete(folder);
        assertVictimLives(guard::beat, Duration.ofSeconds(3));
        guard.forget(victim.pid());
        guard.close();
        Awaitility.await().atMost(SOON).until(() -> !Files.exists(folder));
        assertThat(victim.isAlive()).isTrue();
    }

    @Test
    void guard_waitsForTheAgent_whenBothWereFrozen() throws IOException {
        Guard guard = Guard.start(Duration.ofMillis(1500), Guard.NOBODY);
        guard.add(victim.pid());
        guard.beat();
        signal("STOP", guard);
        assertVictimLives(() -> {}, Duration.ofMillis(2200));
        signal("CONT", guard);
        assertVictimLives(guard::beat, Duration.ofMillis(2200));
        guard.close();
        awaitNothingLeft();
    }

    /** To the script's group, once it leads one. */
    private static void signal(String name, Guard guard) {
        String group = "-" + guard.process().pid();
        ProcessBuilder kill = new ProcessBuilder("bash", "-c", "kill -s $0 -- $1", name, group);
        Awaitility.await().atMost(SOON).until(() -> kill.start().waitFor() == 0);
    }

    private void assertVictimLives(Runnable meanwhile, Duration time) {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(100))
                .during(time)
                .atMost(time.plus(SOON))
                .until(
                        () -> {
                            meanwhile.run();
                            return victim.isAlive();
                        });
    }

    @Test
    void guard_doesNothing_whenTheAgentHasDoneItAll() throws Exception {
        Guard guard = Guard.start(LONG, Guard.NOBODY);
        guard.add(victim.pid());
        guard.delete(folder);
        guard.done();
        guard.close();
        assertThat(guard.process().waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(victim.isAlive()).isTrue();
        assertThat(folder).exists();
    }

    private static Process start(String script) throws IOException {
        return new ProcessBuilder("setsid", "bash", "-c", script).start();
    }

    private void awaitMembers(int count) {
        Awaitility.await()
                .atMost(SOON)
                .until(() -> ProcessTable.membersOf(Set.of(victim.pid())).size() == count);
    }

    private void awaitNothingLeft() {
        Awaitility.await()
                .atMost(SOON)
                .untilAsserted(
                        () -> assertThat(ProcessTable.membersOf(Set.of(victim.pid()))).isEmpty());
    }
}
