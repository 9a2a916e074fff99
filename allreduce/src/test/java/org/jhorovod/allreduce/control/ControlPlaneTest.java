package org.jhorovod.allreduce.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.rendezvous.PlainWire;
import org.jhorovod.allreduce.rendezvous.Wire;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three ranks that are threads, and their control connections. */
@Timeout(60)
class ControlPlaneTest {
    private static final int SIZE = 3;
    private static final CollectiveCall BARRIER =
            new CollectiveCall(
                    Kind.BARRIER, "end", DataType.INT32, null, false, -1, 1, Memory.HOST);

    private final List<Map<Integer, Wire>> wires =
            List.of(new HashMap<>(), new HashMap<>(), new HashMap<>());
    private final List<ControlPlane> planes = new ArrayList<>();

    private void connect(Set<Integer> relayed) throws IOException {
        connect(relayed, Duration.ofSeconds(30));
    }

    private void connect(Set<Integer> relayed, Duration livenessTimeout) throws IOException {
        for (int rank = 0; rank < SIZE; rank++) {
            for (int other = 0; other < rank; other++) {
                connect(rank, other);
            }
        }
        for (int rank = 0; rank < SIZE; rank++) {
            ControlPlane plane =
                    new ControlPlane(
                            Topology.onOneHost(rank, SIZE, "here"),
                            0,
                            livenessTimeout,
                            wires.get(rank),
                            relayed.contains(rank) ? relayed : Set.of(),
                            List.of("here", "here", "here"),
                            OwnCalls.ofJob());
            planes.add(plane);
            plane.start(() -> {}, () -> {});
        }
    }

    private void connect(int rank, int other) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocketChannel server =
                ServerSocketChannel.open().bind(new InetSocketAddress(loopback, 0))) {
            wires.get(rank).put(other, new PlainWire(SocketChannel.open(server.getLocalAddress())));
            wires.get(other).put(rank, new PlainWire(server.accept()));
        }
    }

    @AfterEach
    void close() {
        planes.forEach(ControlPlane::close);
    }

    @Test
    void aConnectionThatEndsBetweenTwoRanks_isToldToTheThird_thoughBothStay() throws IOException {
        connect(Set.of());
        end(0, 1);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> planes.stream().allMatch(plane -> plane.failure().isPresent()));
        assertThat(planes.stream().map(plane -> plane.failure().orElseThrow()))
                .allSatisfy(
                        failure ->
                                assertThat(failure)
                                        .isInstanceOfSatisfying(
                                                PeerLostException.class,
                                                lost ->
                                                        assertThat(lost.lostRank())
                                                                .isBetween(0, 1)));
    }

    /** Ends what a rank sends to another, unless it has seen the other's end and closed it. */
    private void end(int rank, int peer) throws IOException {
        Wire wire = Objects.requireNonNull(wires.get(rank).get(peer));
        if (wire.socket().isOpen()) {
            try {
                wire.shutdownOutput();
            } catch (ClosedChannelException e) {
                assertThat(wire.socket().isOpen()).isFalse();
            }
        }
    }

    private List<CollectiveException> failures() {
        await().atMost(Duration.ofSeconds(10))
                .until(() -> planes.stream().allMatch(plane -> plane.failure().isPresent()));
        return planes.stream().map(plane -> plane.failure().orElseThrow()).toList();
    }

    @Test
    void aRelayedConnectionThatEndsWithItsRelay_isTheRelaysLoss() throws IOException {
        connect(Set.of(1, 2));
        end(1, 2);
        end(2, 1);
        end(0, 1);
        end(0, 2);
        // Rank 0 is the relay.
        assertThat(failures().subList(1, SIZE))
                .allSatisfy(
                        failure ->
                                assertThat(failure)
                                        .isInstanceOfSatisfying(
                                                PeerLostException.class,
                                                lost -> assertThat(lost.lostRank()).isZero()));
    }

    @Test
    void aRelayedConnectionThatEndsAlone_isThePeersLoss_orTheRelays() throws IOException {
        connect(Set.of(1, 2));
        end(1, 2);
        assertThat(failures())
                .allSatisfy(
                        failure ->
                                assertThat(failure)
                                        .isInstanceOf(PeerLostException.class)
                                        .hasMessageContaining("or the relay between them"));
    }

    @Test
    void aRelayedPeerThatIsLostAfterAnotherHasLeft_isNamed_ifAnOperationNeedsIt()
            throws IOException {
        connect(Set.of(1, 2), Duration.ofSeconds(3));
        planes.forEach(plane -> plane.calls().inOrder(1, BARRIER));
        planes.get(0).completed(1);
        planes.get(0).close(); // which says goodbye
        end(2, 1);

        await().atMost(Duration.ofSeconds(20)).until(() -> planes.get(1).failure().isPresent());
        assertThat(planes.get(1).failure().orElseThrow())
                .isInstanceOfSatisfying(
                        PeerLostException.class, lost -> assertThat(lost.lostRank()).isEqualTo(2));
    }
}
