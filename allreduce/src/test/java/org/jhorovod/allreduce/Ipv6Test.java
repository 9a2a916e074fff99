package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.conformance.ConformanceCases;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.ConformanceProgram;
import org.jhorovod.allreduce.conformance.ConformanceRank;
import org.jhorovod.allreduce.conformance.HostMemory;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.Participant;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs whose ranks meet at addresses of version 6. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class Ipv6Test {
    private static final ConformanceGroup GROUP =
            new ConformanceGroup(
                    3,
                    List.of(
                            ConformanceCases.named("all-reduce-float32-sum"),
                            ConformanceCases.named("broadcast-int8"),
                            ConformanceCases.named("all-gather-float64"),
                            ConformanceCases.named("barrier")));

    /** The loopback address, where the machine has one. */
    private static InetAddress loopback() {
        InetAddress loopback = InetAddresses.forString("::1");
        assumeTrue(canListen(loopback), "this machine has no ::1");
        return loopback;
    }

    private static boolean canListen(InetAddress address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(address, 0));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void collectivesRun_betweenThreads() {
        runOnThreads(loopback());
    }

    @Test
    void collectivesRun_overALinkLocalAddress() throws IOException {
        Optional<Inet6Address> linkLocal =
                NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(Inet6Address.class::isInstance)
                        .map(Inet6Address.class::cast)
                        .filter(Inet6Address::isLinkLocalAddress)
                        .filter(Ipv6Test::canListen)
                        .findFirst();
        assumeTrue(linkLocal.isPresent(), "this machine has no link-local address of version 6");
        runOnThreads(linkLocal.orElseThrow());
    }

    /** Two hosts of two and one, so that all links between them are TCP. */
    private static void runOnThreads(InetAddress address) {
        List<Topology> ranks = PretendedHosts.of(2, 1);
        Configuration configuration = GROUP.configuration();
        try (InProcessCluster cluster = PretendedHosts.start(ranks, address, configuration)) {
            List<Outcome> outcomes =
                    cluster
                            .runNamed(
                                    c ->
                                            ConformanceProgram.run(
                                                    new Participant(c, new HostMemory(), () -> {}),
                                                    GROUP.cases()))
                            .stream()
                            .flatMap(List::stream)
                            .toList();
            assertAllOk(outcomes);
        }
    }

    @Test
    void processesMeet_atARendezvousInBrackets() throws IOException, InterruptedException {
        RankProcesses processes =
                new RankProcesses(
                        loopback(),
                        ConformanceRank.class.getName(),
                        List.of("-Djhorovod.transport=tcp"),
                        rank -> Map.of());
        assertAllOk(processes.run(GROUP));
    }

    private static void assertAllOk(List<Outcome> outcomes) {
        assertThat(outcomes).hasSize(GROUP.size() * GROUP.cases().size());
        assertThat(outcomes.stream().map(Outcome::failure)).containsOnly("");
    }

    @Test
    void aScopeIsTheReadersOwn() throws IOException {
        byte[] bytes = InetAddresses.forString("fe80::17").getAddress();
        InetAddress theirs = Inet6Address.getByAddress(null, bytes, 3);
        String published =
                new PublishedAddress(new InetSocketAddress(theirs, 4000), Access.OPEN, 5, "host b")
                        .encode();
        assertThat(published).isEqualTo("4000 fe80:0:0:0:0:0:0:17 OPEN 5 host b");

        byte[] ownBytes = InetAddresses.forString("fe80::1").getAddress();
        InetAddress own = Inet6Address.getByAddress(null, ownBytes, 7);
        PublishedAddress read = PublishedAddress.decode(published, own);
        assertThat(read.host()).isEqualTo("host b");
        assertThat(read.socket().getPort()).isEqualTo(4000);
        assertThat(read.socket().getAddress())
                .isEqualTo(theirs)
                .extracting(a -> ((Inet6Address) a).getScopeId())
                .isEqualTo(7);
    }

    @Test
    void addressesThatAreNotLinkLocal_areReadAsTheyAre() throws IOException {
        InetAddress own = InetAddresses.forString("::1");
        for (String address : List.of("fd00::2", "::1", "127.0.0.1")) {
            InetSocketAddress socket =
                    new InetSocketAddress(InetAddresses.forString(address), 4000);
            PublishedAddress there = new PublishedAddress(socket, Access.CLOSED, 6, "host");
            assertThat(PublishedAddress.decode(there.encode(), own)).isEqualTo(there);
        }
    }
}
