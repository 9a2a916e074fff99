package org.jhorovod.allreduce.spi;

import org.jhorovod.allreduce.config.Configuration;

/**
 * Opens a backend, if it is there. Found by {@link java.util.ServiceLoader}; implements {@link
 * HostMemoryProvider} or {@link DeviceMemoryProvider}.
 */
public interface BackendProvider {

    /** The name by which users choose it, in lower case. */
    String name();

    /** Looks whether the backend can be used here; loads what it needs, but joins nothing. */
    Availability probe(Configuration configuration);
}
