package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ranks get and what they print. */
@Timeout(120)
class JhorovodrunIT {

    @Test
    void ranks_printLinesWithTheirNumber() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "2", "bash", "-c", "echo out; echo err >&2").run();
        assertThat(result.code()).isZero();
        assertThat(result.sortedLines()).containsExactly("[0]<stdout>:out", "[1]<stdout>:out");
        assertThat(result.err().lines().sorted())
                .containsExactly("[0]<stderr>:err", "[1]<stderr>:err");
    }

    @Test
    void lines_areSplitAndWhole_whateverTheReads() throws Exception {
        String script =
                "printf 'a\\rb\\n\\303'; read -t 0.4 < <(sleep 5); printf '\\244\\r\\nlast'";
        Jhorovodrun.Result result = Jhorovodrun.of("-np", "1", "bash", "-c", script).run();
        assertThat(result.out())
                .isEqualTo("[0]<stdout>:a\r[0]<stdout>:b\n[0]<stdout>:ä\n[0]<stdout>:last\n");
    }

    @Test
    void lines_areStreamed() throws Exception {
        try (Jhorovodrun run =
                Jhorovodrun.of("-np", "1", "bash", "-c", "echo first; exec sleep 600").start()) {
            run.awaitOut("[0]<stdout>:first\n");
            assertThat(run.isAlive()).isTrue();
        }
    }

    @Test
    void prompt_isShownBeforeItsLineEnds_andAnswered() throws Exception {
        String script = "printf 'name? '; read name; echo \"hello $name\"";
        try (Jhorovodrun run = Jhorovodrun.of("-np", "1", "bash", "-c", script).start()) {
            run.awaitOut("[0]<stdout>:name? ");
            run.input().write("world\n".getBytes(StandardCharsets.UTF_8));
            run.input().flush();
            assertThat(run.await().out()).isEqualTo("[0]<stdout>:name? hello world\n");
        }
    }

    @Test
    void manyLines_ofManyRanks_allComeWhole() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "3", "bash", "-c", "seq 1 20000; seq 1 20000 >&2").run();
        for (int rank = 0; rank < 3; rank++) {
            String out = "[" + rank + "]<stdout>:";
            String err = "[" + rank + "]<stderr>:";
            assertThat(numbersAfter(out, result.out())).as("rank %d", rank).isEqualTo(upTo(20000));
            assertThat(numbersAfter(err, result.err())).as("rank %d", rank).isEqualTo(upTo(20000));
        }
        assertThat(result.out().lines()).hasSize(60000);
    }

    private static List<Integer> numbersAfter(String prefix, String text) {
        return text.lines()
                .filter(line -> line.startsWith(prefix))
                .map(line -> Integer.valueOf(line.substring(prefix.length())))
                .toList();
    }

    private static List<Integer> upTo(int last) {
        return Stream.iterate(1, n -> n + 1).limit(last).toList();
    }

    @Test
    void standardInput_goesToRankZeroOnly() throws Exception {
        try (Jhorovodrun run = Jhorovodrun.of("-np", "2", "md5sum").start()) {
            byte[] input = new byte[1_000_003];
            Arrays.fill(input, (byte) 'x');
            try (OutputStream in = run.input()) {
                in.write(input);
            }
            assertThat(run.await().sortedLines())
                    .containsExactly(
                            "[0]<stdout>:" + md5(input) + "  -",
                            "[1]<stdout>:" + md5(new byte[0]) + "  -");
        }
    }

    private static String md5(byte[] bytes) throws Exception {
        byte[] digest = MessageDigest.getInstance("MD5").digest(bytes);
        return HexFormat.of().formatHex(digest);
    }

    @Test
    void standardInput_thatNobodyReads_holdsNothingUp(@TempDir Path folder) throws Exception {
        Path script = folder.resolve("endless");
        Files.writeString(
                script,
                "yes | '" + Jhorovodrun.SCRIPT + "' -np 2 bash -c 'exit 5'; exit ${PIPESTATUS[1]}");
        assertThat(Jhorovodrun.ofScript(Path.of("bash"), script.toString()).run().code())
                .isEqualTo(5);
    }

    @Test
    void environment_tellsEachRankItsPlace() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of(
                                "-H",
                                "localhost:3",
                                "-np",
                                "2",
                                "bash",
                                "-c",
                                "env | grep JHOROVOD_")
                        .run();
        for (int rank = 0; rank < 2; rank++) {
            String prefix = "[" + rank + "]<stdout>:JHOROVOD_";
            assertThat(result.out().lines())
                    .contains(
                            prefix + "RANK=" + rank,
                            prefix + "SIZE=2",
                            prefix + "LOCAL_RANK=" + rank,
                            prefix + "LOCAL_SIZE=2",
                            prefix + "CROSS_RANK=0",
                            prefix + "CROSS_SIZE=1",
                            prefix + "GENERATION=0")
                    .anyMatch(line -> line.matches("\\Q" + prefix + "\\ERENDEZVOUS=127.0.0.1:\\d+"))
                    .anyMatch(line -> line.startsWith(prefix + "RUN_ID="))
                    .anyMatch(line -> line.startsWith(prefix + "HOST="));
        }
        assertThat(result.out()).doesNotContain("JHOROVODRUN_");
    }

    @Test
    void environment_hasDefaults_unlessTheUserSetsThem() throws Exception {
        String script = "echo $OMP_NUM_THREADS,$OPT_OUT_TRACKING,$JHOROVOD_START_TIMEOUT_SECONDS";
        int cores = Runtime.getRuntime().availableProcessors();
        assertThat(
                        Jhorovodrun.of("-np", "1", "--start-timeout", "7", "bash", "-c", script)
                                .without("OMP_NUM_THREADS")
                                .without("OPT_OUT_TRACKING")
                                .run()
                                .out())
                .isEqualTo("[0]<stdout>:" + cores + ",true,7\n");
        assertThat(
                        Jhorovodrun.of("-np", "1", "bash", "-c", script)
                                .with("OMP_NUM_THREADS", "9")
                                .with("OPT_OUT_TRACKING", "no")
                                .with("JHOROVOD_START_TIMEOUT_SECONDS", "8")
                                .run()
                                .out())
                .isEqualTo("[0]<stdout>:9,no,8\n");
    }

    @Test
    void secret_isPrivate_andGoneAfterwards() throws Exception {
        String script =
                "f=$JHOROVOD_SECRET_FILE; stat -c %a $f $(dirname $f); cat $f; echo; echo $f; "
                        + "read _; exit 0";
        try (Jhorovodrun run = Jhorovodrun.of("-np", "1", "bash", "-c", script).start()) {
            run.awaitOut("/secret\n");
            List<String> lines =
                    run.out().lines().map(l -> l.substring("[0]<stdout>:".length())).toList();
            assertThat(lines.subList(0, 2)).containsExactly("600", "700");
            String secret = lines.get(2);
            Path file = Path.of(lines.get(3));
            assertThat(secret).hasSize(64);
            for (long pid : run.pidsLeft()) {
                assertThat(Jhorovodrun.commandLine(pid)).doesNotContain(secret);
                assertThat(Jhorovodrun.content(Path.of("/proc/" + pid + "/environ")))
                        .doesNotContain(secret);
            }
            run.input().close();
            assertThat(run.await().code()).isZero();
            assertThat(file.getParent()).doesNotExist();
        }
    }

    @Test
    void arguments_arriveAsTheyWere_evenWithoutALocale() throws Exception {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "-np",
                                "1",
                                "bash",
                                "-c",
                                "printf '<%s>' \"$@\"; echo ${LC_ALL-none}",
                                "x"));
        words.addAll(List.of("a b", "", "größe", "日本", "$HOME", "*", "--np"));
        assertThat(
                        Jhorovodrun.of(words.toArray(String[]::new))
                                .without("LC_ALL")
                                .without("LC_CTYPE")
                                .without("LANG")
                                .run()
                                .out())
                .isEqualTo("[0]<stdout>:<a b><><größe><日本><$HOME><*><--np>none\n");
    }

    @Test
    void javaOptions_areForTheRanks() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "1", "bash", "-c", "echo $JAVA_TOOL_OPTIONS")
                        .with("JAVA_TOOL_OPTIONS", "-Dsome=thing")
                        .run();
        assertThat(result.out()).isEqualTo("[0]<stdout>:-Dsome=thing\n");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void script_worksThroughALink_fromAnyFolder(@TempDir Path folder) throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("run it"), Jhorovodrun.SCRIPT);
        assertThat(Jhorovodrun.ofScript(link, "-np", "1", "pwd").in(folder).run().out())
                .isEqualTo("[0]<stdout>:" + folder.toRealPath() + "\n");
    }

    @Test
    void script_saysWhichJavaItNeeds(@TempDir Path folder) throws Exception {
        Jhorovodrun.Result missing =
                Jhorovodrun.of("-np", "1", "true").with("JAVA_HOME", folder.toString()).run();
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .isEqualTo(
                        "jhorovodrun: JAVA_HOME is %s, but there is no bin/java in it.\n"
                                .formatted(folder));

        Path bin = Files.createDirectory(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("java"), Path.of("/bin/true"));
        Files.delete(bin.resolve("java"));
        Files.writeString(bin.resolve("java"), "#!/bin/sh\n");
        assertThat(bin.resolve("java").toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");
        Jhorovodrun.Result old =
                Jhorovodrun.of("-np", "1", "true").with("JAVA_HOME", folder.toString()).run();
        assertThat(old.code()).isEqualTo(1);
        assertThat(old.err())
                .contains("Java 17 or newer is needed")
                .contains("11.0.2")
                .hasLineCount(1);
    }

    /** The whole table is in the launcher's own CommandLineTest. */
    @ParameterizedTest
    @ValueSource(strings = {"-np 0 true", "-np 2 no-such-program", "-np 2 --example no-such"})
    void wrongCommandLine_isOneLine_andStartsNothing(String arguments) throws Exception {
        Jhorovodrun.Result result = Jhorovodrun.of(arguments.split(" ", -1)).run();
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("jhorovodrun: ").hasLineCount(1);
    }

    @Test
    void wrongSettings_areAllListed_andNothingStarts() throws Exception {
        Jhorovodrun.Result result =
                Jhorovodrun.of("-np", "1", "echo", "started")
                        .with("JHOROVOD_TRANSPORT", "pigeon")
                        .with("JHOROVOD_BUCKET_MIB", "-1")
                        .run();
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("JHOROVOD_TRANSPORT", "pigeon", "JHOROVOD_BUCKET_MIB");
    }

    @Test
    void version_isPrinted() throws IOException, InterruptedException {
        Jhorovodrun.Result result = Jhorovodrun.of("--version").run();
        assertThat(result.code()).isZero();
        assertThat(result.out()).matches("jhorovodrun \\d\\S+ \\(Java .*\\)\n");
    }
}
