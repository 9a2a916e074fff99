package org.jhorovod.allreduce;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.rendezvous.Keys;
import org.jhorovod.allreduce.rendezvous.LostReport;
import org.jhorovod.allreduce.spi.Peers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The other ranks as the store knows them, for as long as the job lasts. */
final class StorePeers implements Peers {
    private static final Logger logger = LoggerFactory.getLogger(StorePeers.class);
    private static final Duration QUESTION_TIMEOUT = Duration.ofSeconds(5);

    private final Membership membership;
    private final Configuration configuration;
    private final int round;
    private final Group group;
    private volatile Consumer<CollectiveException> onFailure =
            cause -> logger.warn("A backend failed while the job formed", cause);

    StorePeers(Membership membership, Configuration configuration, int round, Group group) {
        this.membership = membership;
        this.configuration = configuration;
        this.round = round;
        this.group = group;
    }

    /** Whom a backend's failure ends, once it is there. */
    void failuresGoTo(Consumer<CollectiveException> consumer) {
        onFailure = consumer;
    }

    @Override
    public Topology self() {
        return membership.topology();
    }

    @Override
    public int generation() {
        return membership.generation();
    }

    @Override
    public Configuration configuration() {
        return configuration;
    }

    @Override
    public void publish(String name, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        membership.store().set(key(self().rank(), name), bytes, QUESTION_TIMEOUT);
    }

    @Override
    public Optional<String> published(int rank, String name) {
        Optional<byte[]> value = membership.store().get(key(rank, name), QUESTION_TIMEOUT);
        return value.isEmpty()
                ? Optional.empty()
                : Optional.of(new String(value.get(), StandardCharsets.UTF_8));
    }

    /** The store's key for what a rank publishes. */
    String key(int rank, String name) {
        return Keys.meeting(membership.generation(), round, group.inJob(rank), group.path() + name);
    }

    /** Tells the launcher, if the store is still there, whom this rank misses. */
    void report(LostReport lost) {
        new LostReport(group.inJob(lost.lostRank()), lost.message())
                .leaveIn(membership.store(), membership.generation(), group.inJob(self().rank()));
    }

    @Override
    public void fail(CollectiveException cause) {
        onFailure.accept(cause);
    }
}
