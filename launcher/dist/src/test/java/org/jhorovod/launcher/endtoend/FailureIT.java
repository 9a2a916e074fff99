package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How jobs end that do not end well. */
@Timeout(120)
class FailureIT {
    private static final int SIGKILL_CODE = 137;

    @ParameterizedTest
    @CsvSource({"exit 0, 0", "exit 3, 3", "exit 255, 255", "kill -SEGV $$, 139", "kill -9 $$, 137"})
    void exitCode_isThatOfTheRank(String script, int code) throws Exception {
        assertThat(run(1, script).code()).isEqualTo(code);
    }

    @Test
    void earlySuccess_ofOneRank_letsTheOthersGoOn() throws Exception {
        Jhorovodrun.Result result = run(2, "[ $JHOROVOD_RANK = 0 ] && exit 0; sleep 1; echo done");
        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("[1]<stdout>:done\n");
    }

    @Test
    void failure_endsTheOthers_andIsReported() throws Exception {
        long startNanos = System.nanoTime();
        Jhorovodrun.Result result =
                run(2, "[ $JHOROVOD_RANK = 0 ] && exec sleep 600; echo why >&2; exit 3");
        assertThat(result.code()).isEqualTo(3);
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                .isLessThan(Duration.ofSeconds(30));
        assertThat(result.err())
                .contains("rank 1 exited with code 3; the other ranks get 5 s to end by themselves")
                .containsPattern("the job failed because of rank 1 on \\S+ \\(pid \\d+\\)")
                .contains("  | why")
                .contains("Other ranks: 0 ended by jhorovodrun");
    }

    @Test
    void rankThatThrows_endsTheJob_whileAnotherSleepsFor120Seconds(@TempDir Path folder)
            throws Exception {
        Path program =
                Files.writeString(
                        folder.resolve("Throws.java"),
                        """
                        class Throws {
                            public static void main(String[] args) throws Exception {
                                if (System.getenv("JHOROVOD_RANK").equals("1")) {
                                    throw new IllegalStateException("the data is gone");
                                }
                                Thread.sleep(120_000);
                            }
                        }
                        """);
        long startNanos = System.nanoTime();
        Jhorovodrun.Result result =
                Jhorovodrun.of(
                                "-np",
                                "2",
                                System.getProperty("java.home") + "/bin/java",
                                program.toString())
                        .run();
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                .isLessThan(Duration.ofSeconds(40));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("the job failed because of rank 1")
                .contains("IllegalStateException: the data is gone")
                .contains("Other ranks: 0 ended by jhorovodrun");
    }

    @Test
    void firstFailure_isTheCause_whenAnotherFollows() throws Exception {
        Jhorovodrun.Result result =
                run(2, perRank("trap 'exit 5' TERM; sleep 600 & wait", "exit 4"));
        assertThat(result.code()).isEqualTo(4);
        assertThat(result.err()).contains("the job failed because of rank 1");
    }

    @Test
    void killedRank_isTheCause_notTheSurvivorThatEndsFirst() throws Exception {
        Jhorovodrun.Result result =
                run(
                        2,
                        perRank(
                                "exec " + RankProgram.command("loses", "1", "1"),
                                "sleep 3; exit 9"));
        assertThat(result.code()).isEqualTo(9);
        assertThat(result.err())
                .contains("the job failed because of rank 1")
                .contains("Survivors were told: rank 0 lost rank 1")
                .contains("Other ranks: 0 exited with code 1 after losing rank 1");
    }

    @Test
    void stoppedRank_isTheCause_andIsKilled() throws Exception {
        String survivor = "exec " + RankProgram.command("loses", "1", "1");
        Jhorovodrun.Result result = run(3, "[ $JHOROVOD_RANK = 1 ] && kill -STOP $$; " + survivor);
        assertThat(result.code()).isEqualTo(SIGKILL_CODE);
        assertThat(result.err())
                .contains("the job failed because of rank 1")
                .contains("did not end by itself (stopped or hung?)")
                .contains("SIGKILL (exit code 137)")
                .contains("Other ranks: 0, 2 exited with code 1 after losing rank 1");
    }

    @Test
    void rankThatLeavesEarly_failsTheJob_whenOthersMissIt() throws Exception {
        Jhorovodrun.Result result =
                run(2, perRank("exec " + RankProgram.command("loses", "1", "0"), "exit 0"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("the job failed because of rank 1")
                .contains("exited with code 0 while others still needed it");
    }

    @Test
    void ranksThatStillMeet_learnAtOnce_howOneEnded() throws Exception {
        Jhorovodrun.Result result =
                run(2, perRank("exec " + RankProgram.command("meets", "1"), "exit 7"));
        assertThat(result.code()).isEqualTo(7);
        assertThat(result.out()).contains("[0]<stdout>:gone: its process exited with code 7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "exec sleep 600",
                "sleep 600; true",
                "trap '' TERM; sleep 600; sleep 600; true",
                "set -m; sleep 600 & sleep 600 & wait",
                "(exec 1>&- 2>&-; sleep 600 &); sleep 600; true"
            })
    void killedLauncher_leavesNothing(String script) throws Exception {
        try (Jhorovodrun run =
                Jhorovodrun.of("-np", "2", "bash", "-c", "echo up; " + script).start()) {
            run.awaitOut("[0]<stdout>:up");
            run.awaitOut("[1]<stdout>:up");
            Jhorovodrun.signal("KILL", run.pid());
            run.awaitNothingLeft();
        }
    }

    @Test
    void killedLauncher_leavesNoJava_behindAShell() throws Exception {
        String java = RankProgram.command("meets", "1");
        try (Jhorovodrun run =
                Jhorovodrun.of(
                                "-np",
                                "2",
                                "bash",
                                "-c",
                                "echo up $JHOROVOD_SECRET_FILE; " + java + "; true")
                        .start()) {
            run.awaitOut("[0]<stdout>:up");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(
                            () ->
                                    run.commandsLeft().stream()
                                                    .filter(
                                                            c ->
                                                                    c.contains(
                                                                            "-Xmx64m"
                                                                                + " -XX:TieredStopAtLevel=1"
                                                                                + " -cp"))
                                                    .count()
                                            >= 2);
            Jhorovodrun.signal("KILL", run.pid());
            run.awaitNothingLeft();
            String line =
                    run.out().lines().filter(l -> l.contains("up ")).findFirst().orElseThrow();
            assertThat(Path.of(line.substring(line.indexOf("up ") + 3))).doesNotExist();
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void signal_endsTheRanks_andTheLauncher(String signal, int code) throws Exception {
        try (Jhorovodrun run =
                sleeping("trap 'echo bye; exit 0' TERM; echo up; sleep 600 & wait")) {
            Jhorovodrun.signal(signal, run.pid());
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).isEqualTo(code);
            assertThat(result.out())
                    .as("ranks are asked first")
                    .contains("[0]<stdout>:bye", "[1]<stdout>:bye");
            assertThat(result.err()).contains("ended by SIG" + signal).hasLineCount(1);
        }
    }

    @Test
    void signal_endsRanksThatIgnoreIt_onceTheGraceTimeIsOver() throws Exception {
        try (Jhorovodrun run = sleeping("trap '' TERM; echo up; while true; do sleep 1; done")) {
            long startNanos = System.nanoTime();
            Jhorovodrun.signal("TERM", run.pid());
            assertThat(run.await().code()).isEqualTo(143);
            assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                    .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(11));
        }
    }

    @Test
    void secondInterrupt_killsAtOnce() throws Exception {
        try (Jhorovodrun run =
                sleeping("trap 'echo asked' TERM; echo up; while true; do sleep 1; done")) {
            Jhorovodrun.signal("INT", run.pid());
            run.awaitOut("[0]<stdout>:asked");
            long startNanos = System.nanoTime();
            Jhorovodrun.signal("INT", run.pid());
            assertThat(run.await().code()).isEqualTo(130);
            assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                    .isLessThan(Duration.ofSeconds(4));
        }
    }

    @Test
    void lostAgent_endsTheRanks_andIsNamed() throws Exception {
        try (Jhorovodrun run = sleeping("echo $JHOROVOD_SECRET_FILE; echo up; exec sleep 600")) {
            Path secret =
                    Path.of(
                            run.out()
                                    .lines()
                                    .filter(l -> l.endsWith("/secret"))
                                    .findFirst()
                                    .orElseThrow()
                                    .substring("[0]<stdout>:".length()));
            Jhorovodrun.signal("KILL", agentOf(run));
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).contains("because the agent on", "is lost", "SIGKILL");
            assertThat(secret.getParent()).doesNotExist();
        }
    }

    @Test
    void launcherAndAgent_killedTogether_leaveNothing() throws Exception {
        try (Jhorovodrun run =
                sleeping("echo $JHOROVOD_SECRET_FILE; echo up; trap '' TERM; sleep 600 & wait")) {
            String secret = run.out().lines().filter(l -> l.endsWith("/secret")).findFirst().get();
            long agent = agentOf(run);
            Jhorovodrun.signal("STOP", run.pid());
            Jhorovodrun.signal("KILL", agent);
            Jhorovodrun.signal("KILL", run.pid());
            run.awaitNothingLeft();
            assertThat(Path.of(secret.substring("[0]<stdout>:".length())).getParent())
                    .doesNotExist();
        }
    }

    private static long agentOf(Jhorovodrun run) {
        List<Long> agents =
                run.pidsLeft().stream()
                        .filter(pid -> Jhorovodrun.commandLine(pid).endsWith("AgentMain"))
                        .toList();
        assertThat(agents).hasSize(1);
        return agents.get(0);
    }

    @Test
    void closedConsole_endsTheJob() throws Exception {
        String script = "'" + Jhorovodrun.SCRIPT + "' -np 2 yes | head -1; exit ${PIPESTATUS[0]}";
        Jhorovodrun.Result result = Jhorovodrun.ofScript(Path.of("bash"), "-c", script).run();
        assertThat(result.code()).isEqualTo(141);
        assertThat(result.out().lines()).hasSize(1).first().asString().endsWith("<stdout>:y");
    }

    @Test
    void unreadConsole_andAStoppedLauncher_areNoSilence() throws Exception {
        String script =
                "'%s' -np 2 yes | (sleep 4; head -1); exit ${PIPESTATUS[0]}"
                        .formatted(Jhorovodrun.SCRIPT);
        Jhorovodrun.Result result =
                Jhorovodrun.ofScript(Path.of("bash"), "-c", script)
                        .with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "1")
                        .run();
        assertThat(result.code()).as(result.err()).isEqualTo(141);
        try (Jhorovodrun run =
                Jhorovodrun.of("-np", "1", "bash", "-c", "echo up; read; echo on")
                        .with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "1")
                        .start()) {
            run.awaitOut("up");
            Jhorovodrun.signal("STOP", run.pid());
            Awaitility.await()
                    .during(Duration.ofSeconds(4))
                    .atMost(Duration.ofSeconds(10))
                    .until(run::isAlive);
            Jhorovodrun.signal("CONT", run.pid());
            run.input().write('\n');
            run.input().flush();
            run.awaitOut("on");
            assertThat(run.await().code()).isZero();
        }
    }

    private static Jhorovodrun sleeping(String script) throws IOException {
        Jhorovodrun run = Jhorovodrun.of("-np", "2", "bash", "-c", script).start();
        run.awaitOut("[0]<stdout>:up");
        run.awaitOut("[1]<stdout>:up");
        return run;
    }

    private static String perRank(String first, String second) {
        return "if [ $JHOROVOD_RANK = 0 ]; then " + first + "; else " + second + "; fi";
    }

    private static Jhorovodrun.Result run(int size, String script) throws Exception {
        return Jhorovodrun.of("-np", Integer.toString(size), "bash", "-c", script).run();
    }
}
