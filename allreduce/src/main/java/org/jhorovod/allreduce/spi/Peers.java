package org.jhorovod.allreduce.spi;

import java.util.Optional;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;

/** The other ranks, for a backend that meets them by itself. Safe for use by several threads. */
public interface Peers {

    /** This rank. */
    Topology self();

    /** How often the job had been formed before. */
    int generation();

    /** The settings of this process. */
    Configuration configuration();

    /** Tells the other ranks something under a name of the backend's own. */
    void publish(String name, String value);

    /** What a rank has published under a name; empty if nothing yet. */
    Optional<String> published(int rank, String name);

    /** Fails the job, for a reason that a backend found beside a collective. Does not block. */
    void fail(CollectiveException cause);
}
