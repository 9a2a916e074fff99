package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class JHorovodTest {

    @AfterEach
    void shutdown() {
        JHorovod.shutdown();
    }

    @Test
    void aProgramStartedWithoutALauncher_isAWorldOfOne() {
        Communicator communicator = JHorovod.init();
        assertThat(communicator.size()).isEqualTo(1);
        assertThat(communicator.transportName()).isEqualTo("none");
        HostTensor tensor = HostTensor.allocate(DataType.INT32, 1);
        tensor.buffers().get(0).putInt(7);
        communicator.allReduce("t", tensor, ReduceOp.AVERAGE);
        communicator.broadcast("t", tensor, 0);
        communicator.barrier("b");
        assertThat(tensor.buffers().get(0).getInt()).isEqualTo(7);
    }

    @Test
    void case01_init_givesTheSameCommunicatorEachTime_untilShutdown() {
        Communicator first = JHorovod.init();
        assertThat(JHorovod.init()).isSameAs(first);
        assertThat(JHorovod.communicator()).isSameAs(first);
        JHorovod.shutdown();
        assertThat(JHorovod.isInitialized()).isFalse();
        assertThat(JHorovod.init()).isNotSameAs(first);
    }

    @Test
    void case02_theCommunicatorBeforeInit_isAnErrorThatSaysWhatToCall() {
        assertThatThrownBy(JHorovod::communicator)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("JHorovod.init()");
    }

    @Test
    void aSecondMembership_isRefused() {
        Membership alone =
                new Membership(
                        Topology.alone("here"),
                        0,
                        new MemoryStore(),
                        Secret.random(),
                        InetAddress.getLoopbackAddress());
        assertThat(JHorovod.init(alone).rank()).isZero();
        assertThatThrownBy(() -> JHorovod.init(alone))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shutdown");
    }

    /** As where one of two processes was lost, and another came in its place. */
    @Test
    void aProcessThatHasJoinedBefore_joinsANewOne_inAnotherStore() throws Exception {
        for (int job = 0; job < 2; job++) {
            MemoryStore store = new MemoryStore();
            Secret secret = Secret.random();
            CompletableFuture<Participation> newcomer =
                    CompletableFuture.supplyAsync(
                            () ->
                                    Participation.of(
                                            member(1, store, secret),
                                            Configuration.of(Map.of()),
                                            0));
            assertThat(JHorovod.init(member(0, store, secret)).size()).isEqualTo(2);
            JHorovod.shutdown();
            newcomer.get(20, TimeUnit.SECONDS).close();
        }
    }

    private static Membership member(int rank, MemoryStore store, Secret secret) {
        return new Membership(
                Topology.onOneHost(rank, 2, "here"),
                0,
                store,
                secret,
                InetAddress.getLoopbackAddress());
    }

    @Test
    void anEnvironmentWithASizeButNoMore_isRefusedWithAllThatIsMissing() {
        Configuration configuration =
                Configuration.from(name -> null, Map.of("JHOROVOD_SIZE", "2")::get);
        assertThatThrownBy(
                        () ->
                                Participation.fromEnvironment(
                                        configuration, 0, StoreConnection::join))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_RANK is not set",
                        "JHOROVOD_RENDEZVOUS is not set",
                        "JHOROVOD_SECRET_FILE is not set",
                        "jhorovodrun");
    }

    @Test
    void aRendezvousWhereNobodyListens_isAStartErrorThatNamesIt() {
        assertThatThrownBy(() -> joinAt("127.0.0.1:1"))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll("rank 1", "127.0.0.1:1", "within 1 s");
    }

    @Test
    void aRendezvousWhoseNameStaysUnknown_isAStartErrorThatNamesIt() {
        assertThatThrownBy(() -> joinAt("nobody-knows.invalid:29400"))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "rank 1",
                        "'nobody-knows.invalid' of JHOROVOD_RENDEZVOUS",
                        "within 1 s",
                        "JHOROVOD_START_TIMEOUT_SECONDS");
    }

    @Test
    void aMalformedRendezvous_isRefusedAtOnce() {
        assertThatThrownBy(() -> joinAt("nobody-knows.invalid:x"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("JHOROVOD_RENDEZVOUS is 'nobody-knows.invalid:x'");
    }

    private static void joinAt(String rendezvous) {
        Configuration configuration =
                Configuration.from(
                        name -> null,
                        Map.of(
                                        "JHOROVOD_SIZE", "2",
                                        "JHOROVOD_RANK", "1",
                                        "JHOROVOD_START_TIMEOUT_SECONDS", "1",
                                        "JHOROVOD_RENDEZVOUS", rendezvous,
                                        "JHOROVOD_SECRET", Secret.random().encoded())
                                ::get);
        Participation.fromEnvironment(configuration, 0, StoreConnection::join);
    }
}
