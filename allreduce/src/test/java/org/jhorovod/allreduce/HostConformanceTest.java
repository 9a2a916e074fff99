package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceCase;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.ConformanceProgram;
import org.jhorovod.allreduce.conformance.HostMemory;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.Participant;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.jhorovod.allreduce.conformance.RegisteredPlace;
import org.jhorovod.allreduce.conformance.TensorPlace;
import org.jhorovod.allreduce.engine.NegotiatingCommunicator;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.TestCertificates;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.jhorovod.allreduce.transport.unix.UnixTransport;
import org.junit.jupiter.api.Nested;

/** Our own collectives on each transport; ranks are threads, and once processes. */
class HostConformanceTest {

    /** Ranks that are threads. */
    private abstract static class OnThreads extends BackendConformance {

        /** Forms a job. */
        abstract InProcessCluster start(int size, Configuration configuration);

        /** Where a rank's tensors lie. */
        TensorPlace place(Communicator communicator) {
            return new HostMemory();
        }

        @Override
        protected boolean includes(ConformanceCase conformanceCase) {
            return conformanceCase.scope() != Scope.LEAVES_AND_JOINS; // a process has one job
        }

        @Override
        protected List<Outcome> run(ConformanceGroup group) {
            try (InProcessCluster cluster = start(group.size(), group.configuration())) {
                return cluster.runNamed(c -> run((NegotiatingCommunicator) c, group)).stream()
                        .flatMap(List::stream)
                        .toList();
            }
        }

        private List<Outcome> run(NegotiatingCommunicator communicator, ConformanceGroup group) {
            Runnable death = () -> communicator.planned().close(Duration.ZERO);
            try (TensorPlace place = place(communicator.planned())) {
                return ConformanceProgram.run(
                        new Participant(communicator, place, death), group.cases());
            }
        }
    }

    /** One ring over a transport. */
    private abstract static class OverRing extends OnThreads {
        private final Supplier<Transport> transport;
        private final List<Integer> sample;

        OverRing(Supplier<Transport> transport, Integer... sample) {
            this.transport = transport;
            this.sample = List.of(sample);
        }

        @Override
        protected List<Integer> sizes() {
            return IS_LONG ? List.of(1, 2, 3, 4, 7) : sample;
        }

        @Override
        InProcessCluster start(int size, Configuration configuration) {
            return InProcessCluster.start(size, transport.get(), configuration);
        }
    }

    @Nested
    class InProcess extends OverRing {
        InProcess() {
            super(InProcessTransport::new, 1, 2, 3, 4);
        }

        @Override
        protected boolean isOwnWay() {
            return false;
        }
    }

    @Nested
    class Tcp extends OverRing {
        Tcp() {
            super(TcpTransport::new, 2, 3, 4);
        }
    }

    /** Each rank on a host of its own, so that all that they say goes over TLS. */
    @Nested
    class Tls extends OnThreads {
        private final Secret secret = Secret.random().with(TestCertificates.ONE);

        @Override
        protected List<Integer> sizes() {
            return List.of(2, 3);
        }

        @Override
        protected boolean isOwnWay() {
            return false;
        }

        @Override
        InProcessCluster start(int size, Configuration configuration) {
            int[] localSizes = new int[size];
            Arrays.fill(localSizes, 1);
            return PretendedHosts.start(
                    PretendedHosts.of(localSizes),
                    InetAddress.getLoopbackAddress(),
                    secret,
                    configuration);
        }
    }

    @Nested
    class Unix extends OverRing {
        Unix() {
            super(UnixTransport::new, 2, 3, 4);
        }

        @Override
        protected boolean isOwnWay() {
            return false;
        }
    }

    /** Ranks that read each other's memory. */
    @Nested
    class Shared extends OnThreads {
        @Override
        protected List<Integer> sizes() {
            return List.of(2, 3, 4, 7);
        }

        @Override
        InProcessCluster start(int size, Configuration configuration) {
            InProcessCluster cluster = PretendedHosts.start(PretendedHosts.of(size), configuration);
            assertThat(cluster.communicators().get(0).transportName()).isEqualTo("shm");
            return cluster;
        }
    }

    /** The same with tensors in registered memory, which is reduced in place. */
    @Nested
    class Registered extends Shared {
        @Override
        protected List<Integer> sizes() {
            return IS_LONG ? List.of(2, 3, 4) : List.of(2, 4);
        }

        @Override
        protected boolean isOwnWay() {
            return false;
        }

        @Override
        TensorPlace place(Communicator communicator) {
            return new RegisteredPlace(communicator);
        }
    }

    /** Inside each host over unix-domain sockets first, then between them over TCP. */
    @Nested
    class ByPlace extends OnThreads {
        private static final Map<Integer, int[]> HOSTS =
                Map.of(
                        3, new int[] {2, 1},
                        4, new int[] {2, 2},
                        5, new int[] {2, 3},
                        6, new int[] {3, 2, 1},
                        8, new int[] {3, 3, 2});

        @Override
        protected List<Integer> sizes() {
            return IS_LONG ? HOSTS.keySet().stream().sorted().toList() : List.of(4, 6);
        }

        @Override
        InProcessCluster start(int size, Configuration configuration) {
            int[] localSizes = Objects.requireNonNull(HOSTS.get(size));
            return PretendedHosts.start(PretendedHosts.of(localSizes), configuration);
        }
    }

    /** Ranks that are processes of one host. */
    private abstract static class OnProcesses extends BackendConformance {
        private final String transport;
        private final List<Integer> sample;

        OnProcesses(String transport, Integer... sample) {
            this.transport = transport;
            this.sample = List.of(sample);
        }

        @Override
        protected List<Integer> sizes() {
            return IS_LONG ? List.of(2, 4) : sample;
        }

        @Override
        protected boolean isOwnWay() {
            return false;
        }

        @Override
        protected List<Outcome> run(ConformanceGroup group)
                throws IOException, InterruptedException {
            return RankProcesses.onLoopback(Map.of("JHOROVOD_TRANSPORT", transport)).run(group);
        }
    }

    @Nested
    class ProcessesShared extends OnProcesses {
        ProcessesShared() {
            super("shm", 2, 4);
        }
    }

    @Nested
    class ProcessesTcp extends OnProcesses {
        ProcessesTcp() {
            super("tcp", 2);
        }
    }

    @Nested
    class ProcessesUnix extends OnProcesses {
        ProcessesUnix() {
            super("unix", 2);
        }
    }
}
