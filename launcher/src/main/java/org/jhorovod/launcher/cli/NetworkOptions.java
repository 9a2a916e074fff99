package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.JobCertificate;
import org.jhorovod.launcher.plan.SshOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How other hosts are reached, and how they reach this one. */
final class NetworkOptions {
    private static final int MAX_PORT = 65_535;

    @Option(
            names = "--ssh-port",
            paramLabel = "PORT",
            description = "Port of the other hosts' ssh servers.")
    private @Nullable Integer port;

    @Option(
            names = "--ssh-identity-file",
            paramLabel = "FILE",
            description = "Private key with which ssh logs in.")
    private @Nullable String identityFile;

    @Option(
            names = "--ssh-config",
            paramLabel = "FILE",
            description = "Configuration of ssh in place of its own.")
    private @Nullable String configFile;

    @Option(
            names = "--network-interface",
            paramLabel = "NAME",
            description =
                    "Interface of this host on which the others reach it, such as eth0; found by"
                            + " itself if not given.")
    private @Nullable String networkInterface;

    @Option(
            names = "--tls",
            description =
                    "Encrypt all connections between hosts by TLS 1.3, with a certificate that is"
                            + " made for this job.")
    private boolean isEncrypted;

    /**
     * By what connections are encrypted: the file that {@code JHOROVOD_TLS_FILE} names, or a
     * certificate that is made now.
     *
     * @param isUnderMpirun whether only the former reaches the ranks
     * @throws UsageException if there is no such way, or the file cannot be used
     */
    Optional<JobCertificate> certificate(Configuration configuration, boolean isUnderMpirun)
            throws InterruptedException {
        Optional<Path> file = configuration.find(Settings.TLS_FILE);
        try {
            if (file.isPresent()) {
                return Optional.of(JobCertificate.read(file.get()));
            }
            if (isEncrypted && isUnderMpirun) {
                throw new UsageException(
                        "--tls cannot hand a certificate on under --mpi; set JHOROVOD_TLS_FILE to"
                                + " one that all hosts can read");
            }
            return isEncrypted ? Optional.of(JobCertificate.create()) : Optional.empty();
        } catch (IOException e) {
            throw new UsageException(
                    (file.isPresent() ? "JHOROVOD_TLS_FILE cannot be used: " : "--tls fails: ")
                            + FileFault.of(e));
        }
    }

    /**
     * How ssh is called.
     *
     * @throws UsageException if a value cannot be used
     */
    SshOptions ssh() {
        if (port != null && (port < 1 || port > MAX_PORT)) {
            throw new UsageException(
                    "--ssh-port is %d, but a port is from 1 to %d".formatted(port, MAX_PORT));
        }
        return new SshOptions(
                Optional.ofNullable(port),
                readable("--ssh-identity-file", identityFile),
                readable("--ssh-config", configFile));
    }

    private static Optional<Path> readable(String option, @Nullable String name) {
        return Optional.ofNullable(name).map(n -> InputFile.requireReadable(option, n));
    }

    /**
     * The interface, if one was given.
     *
     * @throws UsageException if this host has none of that name, or it is down
     */
    Optional<String> networkInterface() {
        if (networkInterface == null) {
            return Optional.empty();
        }
        try {
            NetworkInterface found =
                    networkInterface.isEmpty()
                            ? null
                            : NetworkInterface.getByName(networkInterface);
            if (found == null || !found.isUp()) {
                throw new UsageException(
                        "--network-interface is '%s', but this host has %s; those that are up: %s"
                                .formatted(
                                        networkInterface,
                                        found == null ? "none of that name" : "it switched off",
                                        namesOfThoseUp()));
            }
        } catch (SocketException e) {
            throw new UsageException(
                    "--network-interface is '%s', but this host's interfaces cannot be read: %s"
                            .formatted(networkInterface, e.getMessage()));
        }
        return Optional.of(networkInterface);
    }

    private static String namesOfThoseUp() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .filter(NetworkOptions::isUp)
                .map(NetworkInterface::getName)
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static boolean isUp(NetworkInterface candidate) {
        try {
            return candidate.isUp();
        } catch (SocketException e) {
            return false; // it went while we looked
        }
    }
}
