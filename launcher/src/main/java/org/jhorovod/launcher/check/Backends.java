package org.jhorovod.launcher.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings.BackendChoice;
import org.jhorovod.allreduce.spi.BackendProvider;

/** The backends that users can choose, as they say of themselves. */
final class Backends {
    private Backends() {}

    static List<Finding> find(Configuration configuration, List<BackendProvider> providers) {
        List<Finding> findings = new ArrayList<>();
        for (BackendChoice choice : BackendChoice.values()) {
            if (choice != BackendChoice.AUTO) {
                findings.add(
                        find(choice.name().toLowerCase(Locale.ROOT), configuration, providers));
            }
        }
        return findings;
    }

    private static Finding find(
            String name, Configuration configuration, List<BackendProvider> providers) {
        Optional<BackendProvider> provider =
                providers.stream().filter(p -> p.name().equals(name)).findFirst();
        if (provider.isEmpty()) {
            return Finding.missing(
                    name, "it is not on the class path; add a version of JHorovod that has it");
        }
        try {
            return new Finding(name, provider.get().probe(configuration));
        } catch (RuntimeException | LinkageError e) {
            return Finding.missing(name, "it cannot be asked: " + e);
        }
    }
}
