package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.base.Throwables;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Identity;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.Store;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jhorovod.allreduce.rendezvous.TcpStore;
import org.jhorovod.allreduce.rendezvous.TestCertificates;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.BackendProvider;
import org.jhorovod.allreduce.spi.BackendProviders;
import org.jhorovod.allreduce.spi.DeviceMemoryProvider;
import org.jhorovod.allreduce.spi.Peers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Jobs some of whose ranks nobody can connect to. The ranks are threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DialOutTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final int COUNT = 100_000;
    private static final String ESTABLISHED = "01";

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    /** Consecutive ranks on each host, which have different names. */
    private static List<Topology> hosts(int... localSizes) {
        List<Topology> named = new ArrayList<>();
        int host = -1;
        for (Topology rank : PretendedHosts.of(localSizes)) {
            host += rank.localRank() == 0 ? 1 : 0;
            named.add(
                    new Topology(
                            rank.rank(),
                            rank.size(),
                            rank.localRank(),
                            rank.localSize(),
                            rank.crossRank(),
                            rank.crossSize(),
                            "host-" + host));
        }
        return named;
    }

    static Stream<Arguments> jobs() {
        List<Arguments> jobs = new ArrayList<>();
        for (boolean isEncrypting : new boolean[] {false, true}) {
            for (Set<Integer> closed : List.of(Set.of(0), Set.of(1), Set.of(0, 1))) {
                jobs.add(Arguments.of(hosts(1, 1), closed, isEncrypting));
            }
            for (Set<Integer> closed :
                    List.of(Set.of(0), Set.of(2), Set.of(1, 2), Set.of(0, 1, 2))) {
                jobs.add(Arguments.of(hosts(1, 1, 1), closed, isEncrypting));
            }
            jobs.add(Arguments.of(hosts(2, 2), Set.of(2, 3), isEncrypting));
            jobs.add(Arguments.of(hosts(2, 1, 2), Set.of(0, 2, 4), isEncrypting));
        }
        return jobs.stream();
    }

    @ParameterizedTest(name = "{1} of {0}, encrypted: {2}")
    @MethodSource("jobs")
    void ranksThatNobodyCanConnectTo_takePart(
            List<Topology> ranks, Set<Integer> closed, boolean isEncrypting) throws Exception {
        Secret plain = Secret.random();
        Secret secret = isEncrypting ? plain.with(TestCertificates.ONE) : plain;
        try (StoreServer server = StoreServer.open(loopback(), secret, Duration.ofSeconds(5))) {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
            List<CompletableFuture<Communicator>> joining = new ArrayList<>();
            for (Topology self : ranks) {
                Identity identity = new Identity(Identity.Purpose.STORE, 0, self.rank());
                TcpStore store = TcpStore.connect(address, secret, identity, TIMEOUT);
                joining.add(join(self, store, secret, closed.contains(self.rank())));
            }
            List<Communicator> communicators = new ArrayList<>();
            for (CompletableFuture<Communicator> rank : joining) {
                communicators.add(rank.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
            }
            assertThat(sums(communicators)).containsExactlyElementsOf(expected(ranks.size()));
            for (int rank : closed) {
                String listener = published(server.store(), rank);
                boolean isFound =
                        !connectionsTo(Integer.parseInt(listener.split(" ", 2)[0])).isEmpty();
                assertThat(isFound)
                        .as("connections to the listener of rank %d, from its host alone", rank)
                        .isEqualTo(hasNeighbour(ranks, closed, rank));
            }
            communicators.forEach(Communicator::close);
        }
    }

    /** Whether another closed rank is on its host, which needs no relay. */
    private static boolean hasNeighbour(List<Topology> ranks, Set<Integer> closed, int rank) {
        return closed.stream()
                .filter(other -> other != rank)
                .anyMatch(other -> ranks.get(other).host().equals(ranks.get(rank).host()));
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private CompletableFuture<Communicator> join(
            Topology self, Store store, Secret secret, boolean isClosed) {
        return join(self, store, secret, isClosed, "auto", List.of());
    }

    private CompletableFuture<Communicator> join(
            Topology self,
            Store store,
            Secret secret,
            boolean isClosed,
            String backend,
            List<BackendProvider> more) {
        Configuration configuration =
                Configuration.of(
                        Map.of(
                                Settings.BACKEND,
                                backend,
                                Settings.DIAL_OUT,
                                isClosed ? "true" : "auto",
                                Settings.START_TIMEOUT,
                                "15",
                                Settings.OPERATION_TIMEOUT,
                                "15"));
        Membership membership =
                new Membership(self, 0, store, secret, InetAddress.getLoopbackAddress());
        List<BackendProvider> providers = new ArrayList<>(BackendProviders.load());
        providers.addAll(more);
        return CompletableFuture.supplyAsync(
                () ->
                        new Formation(membership, configuration, 0)
                                .form(new BackendSelection(configuration, providers)),
                threads);
    }

    /** A library that connects the ranks by itself, and tells when it is to do so. */
    private static final class Library implements DeviceMemoryProvider {
        @Override
        public String name() {
            return "nccl";
        }

        @Override
        public Availability probe(Configuration configuration) {
            return Availability.available("as far as this test goes");
        }

        @Override
        public Backend<DeviceTensor> open(Peers peers) {
            throw new StartException("the library connects the ranks");
        }
    }

    /** What became of each rank, in words. */
    private List<String> outcomes(String backend, Set<Integer> closed, List<Topology> ranks)
            throws Exception {
        Secret secret = Secret.random();
        try (StoreServer server = StoreServer.open(loopback(), secret, Duration.ofSeconds(5))) {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
            List<CompletableFuture<String>> joining = new ArrayList<>();
            for (Topology self : ranks) {
                Identity identity = new Identity(Identity.Purpose.STORE, 0, self.rank());
                TcpStore store = TcpStore.connect(address, secret, identity, TIMEOUT);
                boolean isClosed = closed.contains(self.rank());
                joining.add(
                        join(self, store, secret, isClosed, backend, List.of(new Library()))
                                .thenApply(DialOutTest::placeOf)
                                .exceptionally(e -> "" + Throwables.getRootCause(e).getMessage()));
            }
            List<String> outcomes = new ArrayList<>();
            for (CompletableFuture<String> rank : joining) {
                outcomes.add(rank.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
            }
            return outcomes;
        }
    }

    private static String placeOf(Communicator communicator) {
        try (communicator) {
            return communicator.reducesOnDevice() ? "on device" : "on host";
        }
    }

    @ParameterizedTest
    @CsvSource({"auto, on host", "nccl, JHOROVOD_BACKEND is nccl", "mpi, JHOROVOD_BACKEND is mpi"})
    void librariesThatConnectByThemselves_areNotUsed_whereARankCannotBeConnectedTo(
            String backend, String outcome) throws Exception {
        List<String> outcomes = outcomes(backend, Set.of(1), hosts(1, 1, 1));

        assertThat(outcomes).allSatisfy(told -> assertThat(told).startsWith(outcome));
        assertThat(outcomes).containsOnly(outcomes.get(0));
        if (!backend.equals("auto")) {
            assertThat(outcomes.get(0))
                    .contains("rank 1 on ", "cannot be connected to", "JHOROVOD_BACKEND=host");
        }
    }

    @Test
    void librariesThatConnectByThemselves_areUsed_whereTheyCan() throws Exception {
        assertThat(outcomes("auto", Set.of(0, 1), hosts(2)))
                .contains("the library connects the ranks");
        assertThat(outcomes("auto", Set.of(), hosts(1, 1)))
                .contains("the library connects the ranks");
    }

    /** Of the ranks' numbers plus one: over all, and over those of the same parity. */
    private List<List<Integer>> sums(List<Communicator> communicators) throws Exception {
        List<CompletableFuture<List<Integer>>> running = new ArrayList<>();
        for (Communicator c : communicators) {
            running.add(
                    CompletableFuture.supplyAsync(
                            () ->
                                    List.of(
                                            sum(c, c.rank() + 1),
                                            sum(c.split("parity", c.rank() % 2), c.rank() + 1)),
                            threads));
        }
        List<List<Integer>> sums = new ArrayList<>();
        for (CompletableFuture<List<Integer>> rank : running) {
            sums.add(rank.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
        }
        return sums;
    }

    private static int sum(Communicator communicator, int value) {
        HostTensor tensor = HostTensor.allocate(DataType.INT32, COUNT);
        for (int i = 0; i < COUNT; i++) {
            tensor.buffers().get(0).putInt(i * Integer.BYTES, value);
        }
        communicator.allReduce("sum", tensor, ReduceOp.SUM);
        return tensor.buffers().get(0).getInt((COUNT - 1) * Integer.BYTES);
    }

    private static List<List<Integer>> expected(int size) {
        int all = 0;
        int[] ofParity = new int[2];
        for (int rank = 0; rank < size; rank++) {
            all += rank + 1;
            ofParity[rank % 2] += rank + 1;
        }
        List<List<Integer>> expected = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            expected.add(List.of(all, ofParity[rank % 2]));
        }
        return expected;
    }

    private static String published(Store store, int rank) {
        byte[] word = store.await(Keys.meeting(0, 0, rank, "address"), TIMEOUT);
        return new String(word, StandardCharsets.UTF_8);
    }

    /** The kernel's lines of connections that somebody opened to a port. */
    private static List<String> connectionsTo(int port) throws IOException {
        List<String> found = new ArrayList<>();
        String end = ":%04X".formatted(port);
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] words = line.strip().split("\\s+", -1);
                if (words[1].endsWith(end) && words[3].equals(ESTABLISHED)) {
                    found.add(line);
                }
            }
        }
        return found;
    }

    @Test
    void ranksThatNobodyCanConnectTo_areRefusedInWords_whereNobodyRelays() {
        MemoryStore store = new MemoryStore();
        Secret secret = Secret.random();
        List<CompletableFuture<Communicator>> joining = new ArrayList<>();
        for (Topology self : hosts(1, 1)) {
            joining.add(join(self, store, secret, true));
        }
        assertThatThrownBy(() -> joining.get(1).get(TIMEOUT.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "rank 1 on host-1",
                        "rank 0 on host-0",
                        "JHOROVOD_DIAL_OUT",
                        "does not relay");
    }
}
