package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs over several hosts that go well, or are refused before they start. */
@Timeout(180)
class SeveralHostsIT {
    private static final String SIX = "host1:3,host2:2,host3:1";
    private static final Duration END = Duration.ofSeconds(10);
    private static final int HELLO = 19;

    @TempDir static Path folder;
    private static Hosts hosts;

    @BeforeAll
    static void makeHosts() throws Exception {
        hosts = Hosts.create(3, folder);
    }

    @AfterAll
    static void removeHosts() throws Exception {
        if (hosts != null) {
            hosts.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        hosts.awaitNothingLeft(END);
    }

    @Test
    void ranks_areConsecutiveOnEachHost_andMeet_asAReportShows() throws Exception {
        Path page = folder.resolve("run.html");
        List<String> words = new ArrayList<>(List.of("-H", SIX, "--report", page.toString()));
        words.addAll(RankJava.command("", HostProgram.class.getName(), "once"));
        Jhorovodrun.Result result = hosts.jhorovodrun(1, words.toArray(new String[0])).run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.sortedLines())
                .containsExactly(
                        "[0]<stdout>:rank 0 of 6, local 0 of 3, cross 0 of 3, on host1, sum 15",
                        "[1]<stdout>:rank 1 of 6, local 1 of 3, cross 0 of 2, on host1, sum 15",
                        "[2]<stdout>:rank 2 of 6, local 2 of 3, cross 0 of 1, on host1, sum 15",
                        "[3]<stdout>:rank 3 of 6, local 0 of 2, cross 1 of 3, on host2, sum 15",
                        "[4]<stdout>:rank 4 of 6, local 1 of 2, cross 1 of 2, on host2, sum 15",
                        "[5]<stdout>:rank 5 of 6, local 0 of 1, cross 2 of 3, on host3, sum 15");
        assertThat(Files.readString(page))
                .contains("finished", "6 ranks on 3 hosts", "Where the time went")
                .containsPattern("(?s)<td>5</td>\\s*<td class=\"text\">host3</td>")
                .containsPattern(
                        "tcp[^<]*</td>\\s*<td class=\"text\">all-reduce</td>\\s*<td>6</td>");
    }

    @Test
    void ranks_meet_whereThereIsNoIpv4() throws Exception {
        for (int host = 1; host <= 3; host++) {
            hosts.ip(host, "addr del %s/24 dev eth0".formatted(Hosts.v4(host)));
        }
        try {
            String names = "host1-v6:1,host2-v6:1,[%s]:1".formatted(Hosts.v6(3));
            Jhorovodrun.Result result = java(names, HostProgram.class, "once").run();
            assertThat(result.code()).as(result.err()).isZero();
            assertThat(result.out()).contains("rank 2 of 3, local 0 of 1, cross 2 of 3, on fd00");
        } finally {
            for (int host = 1; host <= 3; host++) {
                hosts.ip(host, "addr add %s/24 dev eth0".formatted(Hosts.v4(host)));
            }
        }
    }

    @Test
    void launcher_needsNoRankOfItsOwn_andAShellMayTalk() throws Exception {
        Jhorovodrun.Result result = java("talkative:1,host3:1", HostProgram.class, "once").run();
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("on talkative, sum 1", "on host3, sum 1");
        assertThat(result.err()).contains("jhorovodrun: talkative: Welcome");
    }

    @Test
    void hostsThatCannotBeUsed_areAllNamed_andNothingIsStarted() throws Exception {
        writeOtherVersion();
        Jhorovodrun.Result result =
                hosts.jhorovodrun(
                                1,
                                "-H",
                                "host1,closed,denied,strange,without-java,other-version,none.invalid",
                                "echo",
                                "started")
                        .run();
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("no rank was started, because 6 hosts cannot be used:")
                .containsPattern("  closed: .*Connection refused")
                .containsPattern("  denied: .*Permission denied \\(publickey\\)")
                .containsPattern("  strange: .*Host key verification failed")
                .containsPattern(
                        "  without-java: .*the same path on all hosts.*no-java.*No such file or"
                                + " directory")
                .containsPattern("  other-version: it has JHorovod 9\\.9, but this host \\d")
                .containsPattern("  none.invalid: .*Could not resolve hostname");
    }

    /** What an agent of another version says first. */
    private static void writeOtherVersion() throws IOException {
        byte[] version = "9.9".getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(bytes);
        data.write("\0jhorovod-agent:".getBytes(StandardCharsets.US_ASCII));
        data.writeInt(1 + Integer.BYTES + Integer.BYTES + version.length);
        data.writeByte(HELLO);
        data.writeInt(99);
        data.writeInt(version.length);
        data.write(version);
        Files.write(folder.resolve("other-version"), bytes.toByteArray());
    }

    @Test
    void twoNamesOfAHost_areRefused_andNothingIsStarted() throws Exception {
        Jhorovodrun.Result result =
                hosts.jhorovodrun(1, "-H", "host1,host2:2,talkative,host3,host3-v6", "echo", "x")
                        .run();
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains(
                        "no rank was started, because 2 hosts cannot be used:",
                        "  talkative: it is the same host as 'host2'; name it once, with the sum",
                        "  host3-v6: it is the same host as 'host3'; name it once, with the sum");
    }

    @Test
    void wrongInterface_isNamed_withWhatWasTried_besideOtherFaults() throws Exception {
        String names = "host1,host2,talkative";
        Jhorovodrun.Result result =
                hosts.jhorovodrun(1, "--network-interface", "lo", "-H", names, "true").run();
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("  talkative: it is the same host as 'host2'")
                .containsPattern(
                        "  host2: it cannot connect to this host at 127\\.0\\.0\\.1 \\(Connection"
                                + " refused\\), ::1 .*, port \\d+\\. .*--network-interface");
    }

    @Test
    void secretAndEnvironment_stayHere() throws Exception {
        List<String> words = new ArrayList<>(List.of("-x", "WANTED", "-H", "host1:1,host2:1"));
        words.addAll(RankJava.command("", HostProgram.class.getName(), "on"));
        try (Jhorovodrun run =
                hosts.jhorovodrun(1, words.toArray(new String[0]))
                        .with("WANTED", "is-wanted")
                        .with("OTHER", "is-not-wanted")
                        .start()) {
            run.awaitOut("[0]<stdout>:rank");
            run.awaitOut("[1]<stdout>:rank");
            assertThat(contents(2, "environ")).contains("WANTED=is-wanted");
            assertThat(contents(2, "environ")).doesNotContain("OTHER=");
            assertThat(contents(1, "environ")).contains("OTHER=is-not-wanted");
            String secret = secretOn(2);
            assertThat(secret).hasSizeGreaterThan(15).isEqualTo(secretOn(1));
            for (int host = 1; host <= 2; host++) {
                assertThat(contents(host, "cmdline")).contains("AgentMain").doesNotContain(secret);
                assertThat(contents(host, "environ")).doesNotContain(secret);
            }
            Jhorovodrun.signal("INT", run.pid());
            assertThat(run.await().code()).isEqualTo(130);
        }
    }

    private static String contents(int host, String file) throws Exception {
        StringBuilder all = new StringBuilder();
        for (long pid : hosts.pids(host)) {
            all.append(Jhorovodrun.content(Path.of("/proc/" + pid, file))).append('\0');
        }
        return all.toString();
    }

    private static String secretOn(int host) throws Exception {
        String variable = "JHOROVOD_SECRET_FILE=";
        String file =
                Stream.of(contents(host, "environ").split("\0"))
                        .filter(v -> v.startsWith(variable))
                        .findFirst()
                        .orElseThrow()
                        .substring(variable.length());
        return Files.readString(Path.of(file));
    }

    @Test
    void fashionMnist_endsWithTheSameModelOnAllRanks(@TempDir Path data) throws Exception {
        Jhorovodrun.Result result =
                hosts.jhorovodrun(
                                1,
                                "-np",
                                "6",
                                "-H",
                                SIX,
                                "-x",
                                "JAVA_TOOL_OPTIONS=" + Jhorovodrun.QUICK_STARTS,
                                "--example",
                                "fashion-mnist",
                                "--",
                                FewImages.option(data),
                                "--epochs",
                                "1")
                        .run();
        assertThat(result.code()).as(result.err()).isZero();
        List<String> sums =
                result.out()
                        .lines()
                        .filter(line -> line.contains("SHA-256 of rank"))
                        .map(line -> line.substring(line.lastIndexOf(' ')))
                        .toList();
        assertThat(sums).hasSize(6).containsOnly(sums.get(0));
    }

    @Test
    void training_givesTheModelOfOneHost(@TempDir Path models) throws Exception {
        Path there = models.resolve("there");
        Jhorovodrun.Result result = java(SIX, CnnProgram.class, there.toString()).run();
        assertThat(result.code()).as(result.err()).isZero();
        new CnnRun(result.out(), there)
                .assertModelOf(
                        CnnRun.here(6, models),
                        "rank 0 of 6, local 0 of 3, cross 0 of 3",
                        "rank 1 of 6, local 1 of 3, cross 0 of 2",
                        "rank 2 of 6, local 2 of 3, cross 0 of 1",
                        "rank 3 of 6, local 0 of 2, cross 1 of 3",
                        "rank 4 of 6, local 1 of 2, cross 1 of 2",
                        "rank 5 of 6, local 0 of 1, cross 2 of 3");
    }

    private static Jhorovodrun.Builder java(String names, Class<?> program, String... arguments) {
        List<String> words = new ArrayList<>(List.of("-H", names));
        words.addAll(RankJava.command("", program.getName(), arguments));
        return hosts.jhorovodrun(1, words.toArray(new String[0]));
    }
}
