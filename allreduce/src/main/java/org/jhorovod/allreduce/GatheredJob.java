package org.jhorovod.allreduce;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.allreduce.rendezvous.StoreServer;
import org.jspecify.annotations.Nullable;

/*
 * Ranks that another system started know their numbers, and one thing of each other: a line of text.
 *   rank 0 hosts the store -> each tells its host, rank 0 the store's port and addresses as well ->
 *   each works out the topology -> all take the first address that all of them reach.
 * The secret is not among what is gathered: it comes from who starts the ranks.
 */
/**
 * A job whose ranks another system starts, one that can gather a line of text from all of them, as
 * Spark's barrier stage can. It needs no environment variable.
 *
 * <pre>{@code
 * try (GatheredJob job = GatheredJob.meet(rank, size, secret, context::allGather)) {
 *     Communicator communicator = JHorovod.init(job.membership());
 *     communicator.barrier("ready");
 *     JHorovod.shutdown();
 * }
 * }</pre>
 *
 * <p>Holds this rank's way to the others while they meet; closed by the caller, after {@link
 * JHorovod#shutdown()}. Used by one thread.
 */
public final class GatheredJob implements AutoCloseable {

    /** Tells all ranks a line of text from each. */
    @FunctionalInterface
    public interface Gathering {
        /**
         * All ranks call it; blocks until the last has.
         *
         * @param line of this rank
         * @return the lines of all ranks, in their order
         */
        List<String> allGather(String line);
    }

    private static final String SEPARATOR = " ";

    private final StoreConnection connection;

    private GatheredJob(StoreConnection connection) {
        this.connection = connection;
    }

    /**
     * Finds the other ranks; all of them call it at the same time. Blocks until they have, for the
     * start timeout at most, beside what the gathering itself takes.
     *
     * @param secret the same on all ranks, another for each job
     * @throws StartException if the ranks cannot reach each other
     */
    public static GatheredJob meet(int rank, int size, Secret secret, Gathering gathering) {
        Configuration configuration = Configuration.fromProcess();
        Secret whole = Encryption.with(secret, configuration);
        try (Arrival arrival = new Arrival(rank, size, whole, configuration)) {
            return new GatheredJob(arrival.meet(HostKeys.ofThisHost(), gathering));
        } catch (IOException e) {
            throw new StartException(
                    "Rank %d of %d could not join the job: %s.".formatted(rank, size, e));
        }
    }

    /** What {@link JHorovod#init(Membership)} needs. */
    public Membership membership() {
        Assignment assignment = connection.assignment();
        return new Membership(
                assignment.topology(),
                assignment.generation(),
                connection.store(),
                assignment.secret(),
                connection.localAddress());
    }

    @Override
    public void close() {
        connection.close();
    }

    /** The steps of one rank until it has its connection to the store. */
    private static final class Arrival implements AutoCloseable {
        private final int rank;
        private final int size;
        private final Secret secret;
        private final Configuration configuration;
        // Null where another rank hosts it, or it is handed on.
        private @Nullable StoreServer server;

        Arrival(int rank, int size, Secret secret, Configuration configuration) {
            this.rank = rank;
            this.size = size;
            this.secret = secret;
            this.configuration = configuration;
        }

        StoreConnection meet(String hostKey, Gathering gathering) throws IOException {
            String offer = rank == 0 ? SEPARATOR + host() : "";
            List<String> lines = gathering.allGather(hostKey + offer);
            if (lines.size() != size) {
                throw new IOException(
                        "%d ranks told their hosts, not %d".formatted(lines.size(), size));
            }
            List<String> hosts = lines.stream().map(line -> line.split(SEPARATOR, -1)[0]).toList();
            Topology self = HostKeys.topology(rank, hosts, Assignment.host(configuration));
            List<InetSocketAddress> candidates = candidates(lines.get(0));
            Assignment assignment = new Assignment(self, 0, candidates.get(0), secret);
            return connect(
                    candidates.size() == 1
                            ? assignment
                            : CommonAddress.settle(assignment, candidates, configuration));
        }

        private StoreConnection connect(Assignment assignment) {
            StoreServer own = server;
            if (own == null) {
                return StoreConnection.visiting(assignment, configuration);
            }
            StoreConnection connection = StoreConnection.hosting(assignment, configuration, own);
            server = null;
            return connection;
        }

        /** Opens the store, and says where. */
        private String host() throws IOException {
            HostedStore hosted =
                    HostedStore.open(secret, Invitation.addressesOfThisHost(), configuration);
            server = hosted.server();
            return String.join(SEPARATOR, hosted.invitation().words());
        }

        private List<InetSocketAddress> candidates(String lineOfRank0) throws IOException {
            List<String> words = Arrays.asList(lineOfRank0.split(SEPARATOR, -1));
            return Invitation.of(secret, words.subList(1, words.size())).sockets();
        }

        /** Closes the store if nobody has taken it over. */
        @Override
        public void close() throws IOException {
            if (server != null) {
                server.close();
            }
        }
    }
}
