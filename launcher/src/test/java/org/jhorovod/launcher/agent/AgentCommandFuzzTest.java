package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.junit.jupiter.params.provider.MethodSource;

class AgentCommandFuzzTest {
    private static final Secret SECRET = Secret.of("0123456789abcdef");

    private static byte[] frame(AgentCommand command) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        try {
            AgentWire.write(command, frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return frame.toByteArray();
    }

    private static Optional<AgentCommand> read(byte[] frame) throws IOException {
        return AgentWire.readCommand(new ByteArrayInputStream(frame));
    }

    static Stream<byte[]> seeds() {
        return Stream.<AgentCommand>of(
                        new AgentCommand.Greet(Duration.ofSeconds(30), true),
                        new AgentCommand.TryAddresses(
                                List.of("10.0.0.1", "fd00::2"),
                                4711,
                                SECRET,
                                Duration.ofSeconds(2)),
                        new AgentCommand.Input(Bytes.copyOf(new byte[] {1, 2}, 2)),
                        new AgentCommand.Signal(UnixSignal.values()[0]),
                        new AgentCommand.Start(
                                new HostPlan(
                                        "host",
                                        "/home",
                                        List.of("java", "Main"),
                                        List.of(new EnvironmentChange("A", null)),
                                        List.of(
                                                new RankPlan(
                                                        0,
                                                        List.of(new EnvironmentChange("B", "ü")))),
                                        SECRET)))
                .map(AgentCommandFuzzTest::frame);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aFrame_isRefused_orACommandThatComesBackAsItWas(byte[] bytes) throws IOException {
        Optional<AgentCommand> command;
        try {
            command = read(bytes);
        } catch (IOException e) {
            return;
        }
        if (command.isPresent()) {
            byte[] again = frame(command.get());
            assertThat(read(again).map(AgentCommandFuzzTest::frame)).hasValue(again);
        }
    }
}
