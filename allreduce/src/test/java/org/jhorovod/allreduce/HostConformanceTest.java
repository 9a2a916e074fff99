package org.jhorovod.allreduce;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.ConformanceProgram;
import org.jhorovod.allreduce.conformance.HostMemory;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.Participant;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.jhorovod.allreduce.engine.EngineCommunicator;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.jhorovod.allreduce.transport.tcp.TcpTransport;
import org.jhorovod.allreduce.transport.unix.UnixTransport;
import org.junit.jupiter.api.Nested;

/** Our own collectives on each transport; ranks are threads, and once processes. */
class HostConformanceTest {

    /** Ranks that are threads. */
    private abstract static class OnThreads extends BackendConformance {
        private final IntFunction<Transport> transport;

        OnThreads(IntFunction<Transport> transport) {
            this.transport = transport;
        }

        @Override
        protected List<Integer> sizes() {
            return List.of(1, 2, 3, 4, 7);
        }

        @Override
        protected List<Outcome> run(ConformanceGroup group) {
            try (InProcessCluster cluster =
                    InProcessCluster.start(
                            group.size(), transport.apply(group.size()), group.configuration())) {
                return cluster
                        .run(
                                c -> {
                                    EngineCommunicator engine = (EngineCommunicator) c;
                                    Runnable death = () -> engine.close(Duration.ZERO);
                                    Participant rank = new Participant(c, new HostMemory(), death);
                                    return ConformanceProgram.run(rank, group.cases());
                                })
                        .stream()
                        .flatMap(List::stream)
                        .toList();
            }
        }
    }

    @Nested
    class InProcess extends OnThreads {
        InProcess() {
            super(InProcessTransport::new);
        }
    }

    @Nested
    class Tcp extends OnThreads {
        Tcp() {
            super(size -> new TcpTransport());
        }
    }

    @Nested
    class Unix extends OnThreads {
        Unix() {
            super(size -> new UnixTransport());
        }
    }

    @Nested
    class Processes extends BackendConformance {
        @Override
        protected List<Integer> sizes() {
            return List.of(2);
        }

        @Override
        protected List<Outcome> run(ConformanceGroup group)
                throws IOException, InterruptedException {
            return RankProcesses.onLoopback().run(group);
        }
    }
}
