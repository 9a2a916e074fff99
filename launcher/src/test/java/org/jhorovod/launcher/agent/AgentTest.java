package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An agent as a thread of this process, with real ranks. */
@Timeout(60)
class AgentTest {
    private static final Duration GREETING_TIMEOUT = Duration.ofSeconds(3);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Pipe toAgent;
    private final Pipe fromAgent;
    private final OutputStream commands;
    private final InputStream events;
    private final List<AgentEvent> heard = new ArrayList<>();
    private final CountDownLatch isLauncherSilent = new CountDownLatch(1);
    private Future<?> obeying = CompletableFuture.completedFuture(null);

    AgentTest() throws IOException {
        toAgent = Pipe.open();
        fromAgent = Pipe.open();
        commands = Channels.newOutputStream(toAgent.sink());
        events = Channels.newInputStream(fromAgent.source());
    }

    @BeforeEach
    void startAgent() {
        OutputStream out = Channels.newOutputStream(fromAgent.sink());
        Agent agent =
                new Agent(
                        Channels.newInputStream(toAgent.source()),
                        out,
                        Guard.NOBODY,
                        GREETING_TIMEOUT,
                        isLauncherSilent::countDown);
        obeying =
                threads.submit(
                        () -> {
                            agent.obey();
                            agent.end();
                            out.close();
                            return null;
                        });
    }

    @AfterEach
    void endAgent() throws Exception {
        commands.close();
        obeying.get(20, TimeUnit.SECONDS);
        threads.shutdownNow();
    }

    @Test
    void agent_tellsAllThatHappensToARank_inOrder() throws IOException {
        start(1, "echo out; exit 3");
        AgentEvent.Prepared prepared = hear(AgentEvent.Prepared.class);
        assertThat(Path.of(prepared.secretFolder(), "secret")).exists();
        assertThat(hear(AgentEvent.Started.class).pid()).isPositive();
        AgentEvent.Output output = hear(AgentEvent.Output.class);
        assertThat(new String(output.bytes().toArray(), StandardCharsets.UTF_8)).isEqualTo("out\n");
        assertThat(hear(AgentEvent.Exited.class)).isEqualTo(new AgentEvent.Exited(0, 3));
    }

    @Test
    void agent_forwardsInput_andSaysThatItWasTaken() throws IOException {
        start(1, "cat");
        byte[] text = "hello".getBytes(StandardCharsets.UTF_8);
        send(new AgentCommand.Input(Bytes.copyOf(text, text.length)));
        send(new AgentCommand.EndOfInput());
        hear(AgentEvent.InputTaken.class);
        assertThat(hear(AgentEvent.Exited.class).code()).isZero();
        assertThat(heard)
                .contains(
                        new AgentEvent.Output(
                                0, AgentEvent.Stream.STDOUT, Bytes.copyOf(text, text.length)));
    }

    @Test
    void agent_passesSignalsOn() throws IOException {
        start(2, "exec sleep 600");
        hear(AgentEvent.Started.class);
        hear(AgentEvent.Started.class);
        send(new AgentCommand.Signal(UnixSignal.KILL));
        hear(AgentEvent.Exited.class);
        hear(AgentEvent.Exited.class);
        assertThat(heard).contains(new AgentEvent.Exited(0, 137), new AgentEvent.Exited(1, 137));
    }

    @Test
    void agent_startsNothing_onceItWasToldToEnd() throws Exception {
        send(new AgentCommand.Signal(UnixSignal.TERM));
        start(2, "true");
        hear(AgentEvent.NotStarted.class);
        hear(AgentEvent.NotStarted.class);
        assertThat(heard)
                .containsExactly(new AgentEvent.NotStarted(0), new AgentEvent.NotStarted(1));
    }

    @Test
    void agent_accountsForEveryRank_thatItWasToldToEnd_whileItStartsThem() throws Exception {
        int ranks = 30;
        start(ranks, "exec sleep 600");
        hear(AgentEvent.Started.class);
        send(new AgentCommand.Signal(UnixSignal.KILL));
        Set<Integer> accounted = new TreeSet<>();
        while (accounted.size() < ranks) {
            AgentEvent event = hear(AgentEvent.class);
            if (event instanceof AgentEvent.Exited exited) {
                accounted.add(exited.rank());
            } else if (event instanceof AgentEvent.NotStarted missing) {
                accounted.add(missing.rank());
            }
        }
    }

    @Test
    void agent_endsAllGroups_andTheSecret_whenItsInputEnds() throws Exception {
        start(2, "trap '' TERM; sleep 600; sleep 600");
        String folder = hear(AgentEvent.Prepared.class).secretFolder();
        long first = hear(AgentEvent.Started.class).pid();
        Set<Long> groups = Set.of(first, hear(AgentEvent.Started.class).pid());
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> ProcessTable.membersOf(groups).size() == 4);
        commands.close();
        obeying.get(5, TimeUnit.SECONDS);
        assertThat(ProcessTable.membersOf(groups)).isEmpty();
        assertThat(Path.of(folder)).doesNotExist();
    }

    @Test
    void agent_endsAProcess_thatHasLeftItsRanksSession() throws Exception {
        start(1, "setsid sleep 601 & echo $!; wait");
        hear(AgentEvent.Started.class);
        AgentEvent.Output output = hear(AgentEvent.Output.class);
        String pid = new String(output.bytes().toArray(), StandardCharsets.UTF_8).strip();
        ProcessHandle escaped = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        commands.close();
        obeying.get(5, TimeUnit.SECONDS);
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> !escaped.isAlive());
    }

    @Test
    void guard_comesWithTheGreeting_andGoesWithTheAgent() throws Exception {
        send(new AgentCommand.Greet(Duration.ofSeconds(30), false));
        start(1, "exec sleep 600");
        hear(AgentEvent.Started.class);
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> guards().count() == 1);
        commands.close();
        obeying.get(5, TimeUnit.SECONDS);
        Awaitility.await("the guard goes when nothing is left")
                .atMost(Duration.ofSeconds(10))
                .until(() -> guards().count() == 0);
    }

    private static Stream<ProcessHandle> guards() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().commandLine().orElse("").contains("jhorovod-guard"));
    }

    @Test
    void launcherThatIsSilent_isNoticed_whereItIsFarAway() throws Exception {
        send(new AgentCommand.Greet(Duration.ofSeconds(1), true));
        hear(AgentEvent.Beat.class);
        assertThat(isLauncherSilent.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void launcherOnThisHost_maySayNothing_onceItHasGreeted() throws Exception {
        send(new AgentCommand.Greet(Duration.ofSeconds(1), false));
        hear(AgentEvent.Beat.class);
        assertThat(isLauncherSilent.await(3, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void launcherThatNeverGreets_isSilent() throws Exception {
        assertThat(isLauncherSilent.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void launcherThatBeats_isNotSilent() throws Exception {
        send(new AgentCommand.Greet(Duration.ofSeconds(1), true));
        for (int beat = 0; beat < 12; beat++) {
            send(new AgentCommand.Beat());
            hear(AgentEvent.Beat.class);
        }
        assertThat(isLauncherSilent.getCount()).isEqualTo(1);
    }

    @Test
    void agent_saysWhatItCannotStart() throws IOException {
        send(
                new AgentCommand.Start(
                        new HostPlan(
                                "here",
                                "/no/such/folder",
                                List.of("true"),
                                List.of(),
                                List.of(new RankPlan(0, List.of())),
                                Secret.random())));
        assertThat(hear(AgentEvent.StartFailed.class).reason())
                .isEqualTo(
                        "the folder /no/such/folder is not on here; jhorovodrun starts ranks in the"
                                + " folder it is called in");
    }

    private void start(int ranks, String script) throws IOException {
        send(
                new AgentCommand.Start(
                        new HostPlan(
                                "here",
                                Path.of("").toAbsolutePath().toString(),
                                List.of("bash", "-c", script),
                                List.of(),
                                IntStream.range(0, ranks)
                                        .mapToObj(rank -> new RankPlan(rank, List.of()))
                                        .toList(),
                                Secret.random())));
    }

    private void send(AgentCommand command) throws IOException {
        AgentWire.write(command, commands);
    }

    /** The next event of this kind; others are noted on the way. */
    private <E extends AgentEvent> E hear(Class<E> kind) throws IOException {
        while (true) {
            Optional<AgentEvent> event = AgentWire.readEvent(events);
            assertThat(event).as("waiting for %s after %s", kind, heard).isPresent();
            heard.add(event.get());
            if (kind.isInstance(event.get())) {
                return kind.cast(event.get());
            }
        }
    }
}
