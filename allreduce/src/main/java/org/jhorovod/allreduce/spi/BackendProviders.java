package org.jhorovod.allreduce.spi;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backends on the class path. */
public final class BackendProviders {
    private static final Logger logger = LoggerFactory.getLogger(BackendProviders.class);

    private BackendProviders() {}

    /** Finds them all, whether they can be used here or not; one that cannot be loaded is left. */
    public static List<BackendProvider> load() {
        List<BackendProvider> providers = new ArrayList<>();
        Iterator<BackendProvider> found =
                ServiceLoader.load(BackendProvider.class, BackendProviders.class.getClassLoader())
                        .iterator();
        while (true) {
            try {
                if (!found.hasNext()) {
                    return List.copyOf(providers);
                }
                providers.add(found.next());
            } catch (ServiceConfigurationError e) {
                logger.warn("A backend on the class path cannot be loaded: {}", e.getMessage());
            }
        }
    }
}
