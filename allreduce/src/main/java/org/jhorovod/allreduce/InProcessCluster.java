package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.backend.host.RingAssembly;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.rendezvous.MemoryStore;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.transport.Transport;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;

/**
 * A job whose ranks are threads of this process, for tests of programs that use collectives.
 *
 * <p>The control plane is the real one, over loopback. DJL trainers need processes of their own:
 * its gradient collector is one per JVM. Used by one thread; closed by whoever started it.
 *
 * <pre>{@code
 * try (InProcessCluster cluster = InProcessCluster.start(3)) {
 *     cluster.run(communicator -> {
 *         communicator.barrier("together");
 *         return communicator.rank();
 *     });
 * }
 * }</pre>
 */
public final class InProcessCluster implements AutoCloseable {
    private final ExecutorService threads;
    private final long timeoutMillis;
    private final List<NamedCommunicator> communicators;

    private InProcessCluster(
            ExecutorService threads, long timeoutMillis, List<NamedCommunicator> communicators) {
        this.threads = threads;
        this.timeoutMillis = timeoutMillis;
        this.communicators = communicators;
    }

    /** Forms a job of {@code size} ranks that pass bytes through memory. */
    public static InProcessCluster start(int size) {
        return start(size, new InProcessTransport(), Configuration.fromProcess());
    }

    /** Forms a job over a given transport and with given settings. */
    static InProcessCluster start(int size, Transport transport, Configuration configuration) {
        List<Topology> ranks =
                IntStream.range(0, size)
                        .mapToObj(rank -> Topology.onOneHost(rank, size, "localhost"))
                        .toList();
        return start(
                ranks, InetAddress.getLoopbackAddress(), configuration, m -> open(m, transport));
    }

    /** Forms a job of given ranks, which may pretend to run on several hosts. */
    static InProcessCluster start(
            List<Topology> ranks,
            InetAddress address,
            Configuration configuration,
            Formation.Opening opening) {
        Secret secret = Encryption.with(Secret.random(), configuration);
        return start(ranks, address, secret, configuration, opening);
    }

    /** The same with a given secret. */
    static InProcessCluster start(
            List<Topology> ranks,
            InetAddress address,
            Secret secret,
            Configuration configuration,
            Formation.Opening opening) {
        ExecutorService threads = threads();
        MemoryStore store = new MemoryStore();
        List<CompletableFuture<NamedCommunicator>> forming = new ArrayList<>();
        for (Topology self : ranks) {
            Membership membership = new Membership(self, 0, store, secret, address);
            forming.add(
                    CompletableFuture.supplyAsync(
                            () ->
                                    self.size() == 1
                                            ? Formation.alone(self, configuration)
                                            : new Formation(membership, configuration, 0)
                                                    .form(opening, opening),
                            threads));
        }
        long timeoutMillis =
                configuration.get(Settings.START_TIMEOUT).toMillis()
                        + configuration.get(Settings.OPERATION_TIMEOUT).toMillis();
        return new InProcessCluster(threads, timeoutMillis, results(forming, timeoutMillis));
    }

    private static Backends open(Meeting meeting, Transport transport) throws IOException {
        return Backends.ofHost(
                new RingAssembly(meeting, transport, transport).assemble(),
                "the ranks are threads.");
    }

    private static ExecutorService threads() {
        AtomicInteger count = new AtomicInteger();
        return Executors.newCachedThreadPool(
                task -> {
                    Thread thread = new Thread(task, "rank-thread-" + count.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /**
     * Runs a program once for each rank, all at the same time, and waits for all. Its collectives
     * are called in the same order on all ranks; see {@link NamedCommunicator#planned}.
     *
     * @return what each rank returned, by rank
     * @throws RuntimeException what the first failing rank, by rank, threw
     */
    public <T> List<T> run(Function<Communicator, T> program) {
        return results(submit(program), timeoutMillis);
    }

    /** Starts a program for each rank, and returns one future per rank. */
    public <T> List<CompletableFuture<T>> submit(Function<Communicator, T> program) {
        return submitNamed(named -> program.apply(named.planned()));
    }

    /** {@link #run} of a program that submits tensors by name, in any order. */
    public <T> List<T> runNamed(Function<NamedCommunicator, T> program) {
        return results(submitNamed(program), timeoutMillis);
    }

    /** {@link #submit} of a program that submits tensors by name, in any order. */
    public <T> List<CompletableFuture<T>> submitNamed(Function<NamedCommunicator, T> program) {
        return communicators.stream()
                .map(c -> CompletableFuture.supplyAsync(() -> program.apply(c), threads))
                .toList();
    }

    /** The communicators, by rank, whose collectives are called in the same order. */
    public List<Communicator> communicators() {
        return communicators.stream().map(NamedCommunicator::planned).toList();
    }

    private static <T> List<T> results(List<CompletableFuture<T>> futures, long timeoutMillis) {
        List<T> results = new ArrayList<>();
        for (CompletableFuture<T> future : futures) {
            try {
                results.add(future.get(timeoutMillis, TimeUnit.MILLISECONDS));
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while waiting for the ranks", e);
            } catch (TimeoutException e) {
                throw new IllegalStateException(
                        "Rank %d did not end in time".formatted(results.size()), e);
            }
        }
        return results;
    }

    @Override
    public void close() {
        communicators.forEach(Communicator::close);
        threads.shutdownNow();
    }
}
