package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class AgentEventFuzzTest {

    private static byte[] frame(AgentEvent event) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        try {
            AgentWire.write(event, frame);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return frame.toByteArray();
    }

    private static Optional<AgentEvent> read(byte[] frame) throws IOException {
        return AgentWire.readEvent(new ByteArrayInputStream(frame));
    }

    static Stream<byte[]> seeds() {
        return Stream.<AgentEvent>of(
                        new AgentEvent.Hello(3, "0.1"),
                        new AgentEvent.AddressesTried(
                                new HostIdentity("boot"),
                                List.of(
                                        new AddressTrial("10.0.0.1", null),
                                        new AddressTrial("h", "no"))),
                        new AgentEvent.Prepared("/run/secret"),
                        new AgentEvent.Started(1, 4711),
                        new AgentEvent.StartFailed(0, "no such file"),
                        new AgentEvent.Output(
                                0, AgentEvent.Stream.STDERR, Bytes.copyOf(new byte[] {1, 2}, 2)),
                        new AgentEvent.Exited(1, 137))
                .map(AgentEventFuzzTest::frame);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void aFrame_isRefused_orAnEventThatComesBackAsItWas(byte[] bytes) throws IOException {
        Optional<AgentEvent> event;
        try {
            event = read(bytes);
        } catch (IOException e) {
            return;
        }
        if (event.isPresent()) {
            byte[] again = frame(event.get());
            assertThat(read(again).map(AgentEventFuzzTest::frame)).hasValue(again);
        }
    }
}
