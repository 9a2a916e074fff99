package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jhorovod.allreduce.backend.host.AloneBackend;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.BackendProvider;
import org.jhorovod.allreduce.spi.BackendProviders;
import org.jhorovod.allreduce.spi.DeviceMemoryProvider;
import org.jhorovod.allreduce.spi.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackendSelectionTest {

    /** Stands in for a library that is not installed. */
    private record Missing(String name) implements DeviceMemoryProvider {
        @Override
        public Availability probe(Configuration configuration) {
            return Availability.unavailable("there is no driver; install one");
        }

        @Override
        public Backend<DeviceTensor> open(Peers peers) {
            throw new AssertionError("opened, though it is not there");
        }
    }

    private static BackendSelection selection(String backend, BackendProvider... providers) {
        return new BackendSelection(
                Configuration.of(Map.of(Settings.BACKEND, backend)), List.of(providers));
    }

    /** Not asked anything, where nothing can be opened. */
    private static Peers peers() {
        Membership membership =
                new Membership(
                        Topology.alone("here"),
                        0,
                        new MemoryStore(),
                        Secret.random(),
                        InetAddress.getLoopbackAddress());
        Group job = Group.job(membership.topology());
        return new StorePeers(membership, Configuration.of(Map.of()), 0, job);
    }

    @Test
    void providers_areFoundOnTheClassPath() {
        assertThat(BackendProviders.load()).extracting(BackendProvider::name).contains("host");
    }

    @Test
    void aBackendThatWasAskedFor_isAnError_whenItIsNotThere() {
        assertThatThrownBy(
                        () ->
                                selection("nccl", new Missing("nccl"))
                                        .withDevice(new AloneBackend(), peers()))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("nccl", "there is no driver", "JHOROVOD_BACKEND");
        assertThatThrownBy(() -> selection("nccl").withDevice(new AloneBackend(), peers()))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("nccl", "class path");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mpi", "nccl"})
    void aBackendThatDoesNotEncrypt_isRefusedWhereItMust(String backend) {
        Configuration configuration = Configuration.of(Map.of(Settings.BACKEND, backend));
        assertThatThrownBy(() -> BackendSelection.of(configuration, true))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_BACKEND is " + backend, "does not encrypt", "--tls");
    }

    /** A rank that loads large libraries after it has met the others looks dead to them. */
    @Test
    void devicesAreLookedFor_beforeTheRanksMeet() {
        AtomicInteger probes = new AtomicInteger();
        DeviceMemoryProvider counting =
                new DeviceMemoryProvider() {
                    @Override
                    public String name() {
                        return "nccl";
                    }

                    @Override
                    public Availability probe(Configuration configuration) {
                        probes.incrementAndGet();
                        return Availability.unavailable("there is no driver");
                    }

                    @Override
                    public Backend<DeviceTensor> open(Peers peers) {
                        throw new AssertionError("opened, though it is not there");
                    }
                };
        BackendSelection selection = selection("auto", counting);
        assertThat(probes).hasValue(1);

        selection.withDevice(new AloneBackend(), peers()).close();
        assertThat(probes).hasValue(1);
    }

    @Test
    void auto_goesWithoutDeviceMemory_whenNobodyWorksOnIt() {
        Backends backends =
                selection("auto", new Missing("nccl")).withDevice(new AloneBackend(), peers());

        assertThat(backends.transportName()).isEqualTo("none");
    }

    @Test
    void aDeviceTensor_isRefusedWithTheReason_whenNobodyWorksOnIt() {
        try (InProcessCluster cluster = InProcessCluster.start(1)) {
            Communicator communicator = cluster.communicators().get(0);
            DeviceTensor tensor = new DeviceTensor(DataType.FLOAT32, 4, 0, 4096, 0);

            assertThat(communicator.reducesOnDevice()).isFalse();
            assertThatThrownBy(() -> communicator.allReduce("w", tensor, ReduceOp.SUM))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("'w'", "device 0", "--check-build");
        }
    }

    @Test
    void aSumOfTruthValues_isRefusedAtTheCall() {
        try (InProcessCluster cluster = InProcessCluster.start(1)) {
            HostTensor tensor = HostTensor.allocate(DataType.BOOL, 3);

            assertThatThrownBy(
                            () ->
                                    cluster.communicators()
                                            .get(0)
                                            .allReduce("mask", tensor, ReduceOp.SUM))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("'mask'", "SUM", "BOOL", "MAX");
        }
    }
}
