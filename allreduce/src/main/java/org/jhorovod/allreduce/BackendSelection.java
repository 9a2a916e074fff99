package org.jhorovod.allreduce;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.config.Settings.BackendChoice;
import org.jhorovod.allreduce.engine.Backends;
import org.jhorovod.allreduce.engine.DeviceAgreement;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.BackendProvider;
import org.jhorovod.allreduce.spi.BackendProviders;
import org.jhorovod.allreduce.spi.DeviceMemoryProvider;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.HostMemoryProvider;
import org.jhorovod.allreduce.spi.Meeting;
import org.jhorovod.allreduce.spi.Peers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the backends that {@code JHOROVOD_BACKEND} asks for. */
final class BackendSelection {
    private static final Logger logger = LoggerFactory.getLogger(BackendSelection.class);
    private static final String HOST = "host";

    private final Configuration configuration;
    private final BackendChoice choice;
    private final List<BackendProvider> providers;
    private final @Nullable DeviceMemoryProvider device; // null where none is wanted or there
    private final String whyNoDevice;

    BackendSelection(Configuration configuration) {
        this(configuration, BackendProviders.load());
    }

    /**
     * The same where only what can encrypt may be used: libraries that talk between hosts by
     * themselves cannot.
     */
    static BackendSelection of(Configuration configuration, boolean mustEncrypt) {
        BackendChoice choice = configuration.get(Settings.BACKEND);
        if (!mustEncrypt) {
            return new BackendSelection(configuration);
        }
        if (choice == BackendChoice.MPI || choice == BackendChoice.NCCL) {
            throw new ConfigurationException(
                    List.of(
                            "JHOROVOD_BACKEND is %s, which does not encrypt what it sends between hosts, but the job has a certificate for TLS. Use JHOROVOD_BACKEND=host, or start without --tls and JHOROVOD_TLS_FILE."
                                    .formatted(name(choice))));
        }
        return new BackendSelection(configuration, BackendProviders.load(), true);
    }

    /**
     * Looks for the backends. That may load large libraries, and so comes before the ranks meet:
     * from then on a rank that is busy with it looks dead to the others.
     */
    BackendSelection(Configuration configuration, List<BackendProvider> providers) {
        this(configuration, providers, false);
    }

    private BackendSelection(
            Configuration configuration, List<BackendProvider> providers, boolean mustEncrypt) {
        this.configuration = configuration;
        this.choice = configuration.get(Settings.BACKEND);
        this.providers = providers;
        List<String> whyNot = new ArrayList<>();
        this.device = mustEncrypt ? noDevice(whyNot) : findDevice(whyNot);
        this.whyNoDevice = whyNot.isEmpty() ? "" : whyNot.get(whyNot.size() - 1);
    }

    private static @Nullable DeviceMemoryProvider noDevice(List<String> whyNot) {
        whyNot.add("what it sends between hosts would not be encrypted, but the job uses TLS.");
        return null;
    }

    private @Nullable DeviceMemoryProvider findDevice(List<String> whyNot) {
        if (choice == BackendChoice.HOST || choice == BackendChoice.MPI) {
            whyNot.add("JHOROVOD_BACKEND is " + name(choice) + ".");
            return null;
        }
        whyNot.add("no backend for device memory is on the class path (jhorovod-nccl).");
        for (BackendProvider provider : providers) {
            if (provider instanceof DeviceMemoryProvider found) {
                Availability availability = provider.probe(configuration);
                if (availability.isAvailable()) {
                    logger.debug("Backend {}: {}", provider.name(), availability.details());
                    return found;
                }
                whyNot.add(
                        "%s is unavailable: %s".formatted(provider.name(), availability.details()));
            }
        }
        return null;
    }

    /** Opens the one for host memory. */
    HostMemoryBackend openHost(Meeting meeting) throws IOException {
        String name = choice == BackendChoice.MPI ? name(choice) : HOST;
        for (BackendProvider provider : providers) {
            if (provider instanceof HostMemoryProvider host && provider.name().equals(name)) {
                requireAvailable(provider);
                return host.open(meeting);
            }
        }
        throw notThere(name, "it is not on the class path");
    }

    /**
     * Opens those that are wanted and there; leaves nothing open if one of them cannot be.
     *
     * @param obstacle why libraries cannot connect the ranks by themselves, alike on all ranks;
     *     empty if they can
     */
    Backends open(Meeting meeting, Peers peers, Optional<String> obstacle) throws IOException {
        obstacle.ifPresent(this::requireOwnConnections);
        HostMemoryBackend host = openHost(meeting);
        try {
            return obstacle.isPresent() && device != null
                    ? withoutDevice(host, peers, obstacle.get())
                    : withDevice(host, peers);
        } catch (RuntimeException e) {
            host.close();
            throw e;
        }
    }

    private void requireOwnConnections(String obstacle) {
        if (choice == BackendChoice.MPI || choice == BackendChoice.NCCL) {
            throw new StartException(
                    "JHOROVOD_BACKEND is %s, which connects the ranks by itself, but %s: it is behind NAT, or JHOROVOD_DIAL_OUT is true there. Use JHOROVOD_BACKEND=host, which needs no such connections, or let that host accept connections (JHOROVOD_DIAL_OUT=false, and a way through NAT)."
                            .formatted(name(choice), obstacle));
        }
    }

    private static Backends withoutDevice(HostMemoryBackend host, Peers peers, String obstacle) {
        String why = "what there is connects the ranks by itself, but %s.".formatted(obstacle);
        if (peers.self().rank() == 0) {
            logger.info("No backend for device memory is used: {}", why);
        }
        return Backends.ofHost(host, why).with(new DeviceAgreement(peers));
    }

    /** Tells the other ranks whether this one works on device memory, before they can meet it. */
    void tellDevice(Peers peers) {
        DeviceAgreement.tell(peers, device == null ? Optional.of(whyNoDevice) : Optional.empty());
    }

    /** Adds the one for device memory to that for host memory, where it is wanted and there. */
    Backends withDevice(HostMemoryBackend host, Peers peers) {
        DeviceAgreement agreement = new DeviceAgreement(peers);
        if (choice == BackendChoice.NCCL) {
            agreement
                    .whoLacksIt()
                    .ifPresent(
                            who -> {
                                throw notThere(name(choice), "it is missing on " + who);
                            });
        }
        if (device != null) {
            return Backends.of(host, device.open(peers)).with(agreement);
        }
        if (choice == BackendChoice.NCCL) {
            throw notThere(name(choice), whyNoDevice);
        }
        return Backends.ofHost(host, whyNoDevice).with(agreement);
    }

    private void requireAvailable(BackendProvider provider) {
        Availability availability = provider.probe(configuration);
        if (!availability.isAvailable()) {
            throw notThere(provider.name(), availability.details());
        }
    }

    private static StartException notThere(String name, String why) {
        return new StartException(
                "The backend %s cannot be used: %s. Change JHOROVOD_BACKEND, or see jhorovodrun --check-build."
                        .formatted(
                                name,
                                why.endsWith(".") ? why.substring(0, why.length() - 1) : why));
    }

    private static String name(BackendChoice choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }
}
