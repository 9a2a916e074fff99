package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class AgentWireTest {
    private static final long SEED = 20260101;
    private static final Bytes BYTES = Bytes.copyOf(new byte[] {1, -1, 0, 7}, 4);

    static Stream<AgentCommand> commands() {
        return Stream.of(
                new AgentCommand.Input(BYTES),
                new AgentCommand.EndOfInput(),
                new AgentCommand.Beat(),
                new AgentCommand.Greet(Duration.ofMillis(2500), true),
                new AgentCommand.Greet(Duration.ofSeconds(30), false),
                new AgentCommand.Signal(UnixSignal.TERM),
                new AgentCommand.Signal(UnixSignal.KILL));
    }

    static Stream<AgentEvent> events() {
        return Stream.of(
                new AgentEvent.Prepared("/tmp/jhorovod-1"),
                new AgentEvent.Started(3, 1L << 33),
                new AgentEvent.StartFailed(0, "no setsid: größer"),
                new AgentEvent.NotStarted(7),
                new AgentEvent.Output(2, AgentEvent.Stream.STDERR, BYTES),
                new AgentEvent.Output(2, AgentEvent.Stream.STDOUT, Bytes.copyOf(new byte[0], 0)),
                new AgentEvent.InputTaken(),
                new AgentEvent.Exited(1, 137),
                new AgentEvent.Notice(""),
                new AgentEvent.Beat(),
                new AgentEvent.Hello(AgentWire.VERSION, "1.0"),
                new AgentEvent.AddressesTried(
                        new HostIdentity("net:[1]"),
                        List.of(
                                new AddressTrial("fd00::1", null),
                                new AddressTrial("10.0.0.1", "refused"))));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void command_isReadAsItWasWritten(AgentCommand command) throws IOException {
        assertThat(AgentWire.readCommand(new ByteArrayInputStream(written(command))))
                .contains(command);
    }

    @ParameterizedTest
    @MethodSource("events")
    void event_isReadAsItWasWritten(AgentEvent event) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AgentWire.write(event, out);
        assertThat(AgentWire.readEvent(new ByteArrayInputStream(out.toByteArray())))
                .contains(event);
    }

    @Test
    void plan_isReadAsItWasWritten_withItsCertificate() throws Exception {
        HostPlan plan = plan(Secret.random().with(JobCertificate.create()));
        AgentCommand.Start read =
                (AgentCommand.Start)
                        AgentWire.readCommand(
                                        new ByteArrayInputStream(
                                                written(new AgentCommand.Start(plan))))
                                .orElseThrow();
        assertThat(read.plan().secret().isEncrypting()).isTrue();
        assertThat(read.plan().secret().encoded()).isEqualTo(plan.secret().encoded());
        assertThat(read.plan()).usingRecursiveComparison().ignoringFields("secret").isEqualTo(plan);
    }

    @Test
    void addressesToTry_areReadAsTheyWereWritten() throws IOException {
        AgentCommand.TryAddresses wanted =
                new AgentCommand.TryAddresses(
                        List.of("10.0.0.1", "fd00::1"),
                        4711,
                        Secret.random(),
                        Duration.ofMillis(1500));
        byte[] bytes = written(wanted);
        assertThat(AgentWire.readCommand(new ByteArrayInputStream(bytes)).orElseThrow())
                .usingRecursiveComparison()
                .isEqualTo(wanted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Welcome!\n", "\0", "\0jhorovod-", "\0jhorovod\0jhoro"})
    void mark_isFound_behindWhatAShellPrints(String before) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(before.getBytes(StandardCharsets.UTF_8));
        AgentWire.writeMark(out);
        AgentWire.write(new AgentEvent.InputTaken(), out);
        ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
        assertThat(AgentWire.skipToMark(in)).isEqualTo(before);
        assertThat(AgentWire.readEvent(in)).contains(new AgentEvent.InputTaken());
    }

    @Test
    void markThatDoesNotCome_isAnError() {
        assertThatThrownBy(
                        () ->
                                AgentWire.skipToMark(
                                        new ByteArrayInputStream(
                                                "no".getBytes(StandardCharsets.UTF_8))))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> AgentWire.skipToMark(new ByteArrayInputStream(new byte[1 << 20])))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not as an agent");
    }

    @Test
    void plan_doesNotShowTheSecret() {
        HostPlan plan = plan();
        assertThat(plan.toString()).doesNotContain(plan.secret().encoded());
    }

    @Test
    void end_isEmpty_andWithinAFrameAnError() throws IOException {
        byte[] frame = written(new AgentCommand.Input(BYTES));
        assertThat(AgentWire.readCommand(new ByteArrayInputStream(new byte[0]))).isEmpty();
        for (int length = 1; length < frame.length; length++) {
            ByteArrayInputStream cut = new ByteArrayInputStream(frame, 0, length);
            assertThatThrownBy(() -> AgentWire.readCommand(cut)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void frame_thatClaimsToBeHuge_isRefusedBeforeItIsRead() {
        byte[] prefix = ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE).array();
        assertThatThrownBy(() -> AgentWire.readEvent(new ByteArrayInputStream(prefix)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("frame of 2147483647 bytes");
    }

    @Test
    void damage_isAnErrorOrAnotherPlan_neverACrash() throws IOException {
        byte[] good = written(new AgentCommand.Start(plan()));
        Random random = new Random(SEED);
        for (int round = 0; round < 20_000; round++) {
            byte[] bad = good.clone();
            bad[4 + random.nextInt(bad.length - 4)] = (byte) random.nextInt();
            try {
                assertThat(AgentWire.readCommand(new ByteArrayInputStream(bad))).isPresent();
            } catch (IOException e) {
                assertThat(e).as("round %d of seed %d", round, SEED).isNotNull();
            }
        }
    }

    private static byte[] written(AgentCommand command) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AgentWire.write(command, out);
        return out.toByteArray();
    }

    private static HostPlan plan() {
        return plan(Secret.random());
    }

    private static HostPlan plan(Secret secret) {
        return new HostPlan(
                "höst",
                "/home",
                List.of("java", "-cp", "a b", "Main", ""),
                List.of(new EnvironmentChange("X", null), new EnvironmentChange("Y", "")),
                List.of(
                        new RankPlan(0, List.of(new EnvironmentChange("R", "0"))),
                        new RankPlan(1, List.of())),
                secret);
    }
}
