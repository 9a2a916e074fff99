package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a job over three hosts when one of its parts goes, in each of the ways. */
@Timeout(120)
class HostFaultIT {
    private static final int TRIALS = Boolean.getBoolean("jhorovod.test.long") ? 10 : 1;
    private static final Duration END = Duration.ofSeconds(15);
    private static final int KILLED = 137;
    private static final String AGENT_LOST = "the job failed because the agent on host2 is lost: ";

    @TempDir static Path folder;
    private static Hosts hosts;

    /** A part of the job that goes. */
    enum Fault {
        RANK_KILLED(KILLED, "the job failed because of rank 2 on host2 \\(pid \\d+\\).*SIGKILL") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("KILL", pidOfRank(2, run));
            }
        },
        AGENT_KILLED(1, AGENT_LOST + "ssh exited with code 255") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("KILL", hosts.agent(2));
            }
        },
        SSH_KILLED(1, AGENT_LOST + "ssh was ended by SIGKILL") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("KILL", hosts.ssh(2));
            }
        },
        LAUNCHER_KILLED(KILLED, "") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("KILL", run.pid());
            }
        },
        LAUNCHER_AND_ITS_AGENT_KILLED(KILLED, "") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                long agent = hosts.agent(1);
                Jhorovodrun.signal("STOP", run.pid());
                Jhorovodrun.signal("KILL", agent);
                Jhorovodrun.signal("KILL", run.pid());
            }
        },
        LINK_DOWN(1, AGENT_LOST + "it has been silent for 3 s") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                hosts.ip(2, "link set eth0 down");
            }

            @Override
            void heal() throws Exception {
                hosts.ip(2, "link set eth0 up");
                hosts.ip(2, "addr replace " + Hosts.v6(2) + "/64 dev eth0 nodad");
            }
        },
        AGENT_STOPPED(1, AGENT_LOST + "it has been silent for 3 s") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("STOP", hosts.agent(2));
            }
        },
        OWN_AGENT_STOPPED(1, AGENT_LOST.replace('2', '1') + "it has been silent for 3 s") {
            @Override
            void happen(Jhorovodrun run) throws Exception {
                Jhorovodrun.signal("STOP", hosts.agent(1));
            }
        };

        private final int code;
        private final Pattern report;

        Fault(int code, String report) {
            this.code = code;
            this.report = Pattern.compile(report);
        }

        abstract void happen(Jhorovodrun run) throws Exception;

        void heal() throws Exception {}
    }

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

    static Stream<Arguments> trials() {
        return Stream.of(Fault.values())
                .flatMap(
                        fault ->
                                IntStream.rangeClosed(1, TRIALS)
                                        .mapToObj(trial -> Arguments.of(fault, trial)));
    }

    @ParameterizedTest
    @MethodSource("trials")
    void fault_isNamed_andLeavesNothing(Fault fault, int trial) throws Exception {
        List<String> program = RankJava.command("", HostProgram.class.getName(), "on");
        List<String> words =
                Stream.concat(
                                Stream.of("--verbose", "-H", "host1:1,host2:2,host3:1"),
                                program.stream())
                        .toList();
        try (Jhorovodrun run =
                hosts.jhorovodrun(1, words.toArray(new String[0]))
                        .with("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", "3")
                        .start()) {
            for (int rank = 0; rank < 4; rank++) {
                run.awaitOut("[%d]<stdout>:rank".formatted(rank));
            }
            long startNanos = System.nanoTime();
            fault.happen(run);
            hosts.awaitNothingLeft(END);
            System.out.printf("%s: %d ms%n", fault, (System.nanoTime() - startNanos) / 1_000_000);
            Jhorovodrun.Result result = run.await();
            assertThat(result.code()).as(result.err()).isEqualTo(fault.code);
            assertThat(result.err()).containsPattern(fault.report);
        } finally {
            fault.heal();
        }
    }

    private static long pidOfRank(int rank, Jhorovodrun run) {
        Matcher matcher =
                Pattern.compile("rank %d runs on \\S+ as pid (\\d+)".formatted(rank))
                        .matcher(run.err());
        assertThat(matcher.find()).as(run.err()).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
