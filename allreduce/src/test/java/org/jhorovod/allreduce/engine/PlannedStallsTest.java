package org.jhorovod.allreduce.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.control.ControlPlane;
import org.jhorovod.allreduce.control.OwnCalls;
import org.jhorovod.allreduce.negotiation.StallReport;
import org.jhorovod.allreduce.rendezvous.PlainWire;
import org.jhorovod.allreduce.timeline.Timeline;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Operations that wait for a process that says nothing at all. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PlannedStallsTest {
    private static final Topology SELF = Topology.onOneHost(0, 2, "here");
    private static final CollectiveCall BARRIER =
            new CollectiveCall(
                    Kind.BARRIER, "end", DataType.INT32, null, false, -1, 1, Memory.HOST);
    private static final Duration SHORT = Duration.ofMillis(200);

    private final SocketChannel toOther;
    private final SocketChannel ofOther;
    private final ControlPlane control;

    PlannedStallsTest() throws IOException {
        try (ServerSocketChannel server =
                ServerSocketChannel.open()
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            toOther = SocketChannel.open(server.getLocalAddress());
            ofOther = server.accept();
        }
        control =
                new ControlPlane(
                        SELF,
                        0,
                        Duration.ofSeconds(2), // a heartbeat each 0.4 s
                        Map.of(1, new PlainWire(toOther)),
                        Set.of(),
                        List.of("here", "there"),
                        OwnCalls.ofJob());
    }

    @AfterEach
    void close() throws IOException {
        control.close();
        ofOther.close();
    }

    @Test
    void aRankThatIsStopped_isSaidToBe_notToSkipACollective() {
        RunningOperation waiting =
                new RunningOperation(
                        SELF, 0, 1, BARRIER, control, SHORT, new Timeline().track("engine"), true);
        PlannedStalls stalls =
                new PlannedStalls(control, new StallReport.Times(SHORT, Duration.ofSeconds(9)));
        control.start(
                () -> {},
                () -> {
                    if (!control.silent().isEmpty()) {
                        stalls.look(waiting);
                    }
                });

        await().atMost(Duration.ofSeconds(30))
                .until(() -> failure(waiting).contains("Rank 1 on there: last it called"));

        assertThat(failure(waiting))
                .contains("operation 0, nothing yet; it has sent no heartbeat for ")
                .contains("so its process is stopped, or its host is unreachable")
                .contains("Look at that process")
                .doesNotContain("The peers are alive", "skips a collective", "did not answer");
    }

    private static String failure(RunningOperation operation) {
        return operation.overdue().map(CollectiveException::getMessage).orElse("");
    }
}
