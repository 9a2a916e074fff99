package org.jhorovod.launcher.plan;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How other hosts are reached; what is empty is left to ssh's own configuration.
 *
 * @param port of the hosts' ssh servers
 * @param identityFile the private key
 * @param configFile used in place of ssh's own
 */
public record SshOptions(
        Optional<Integer> port, Optional<Path> identityFile, Optional<Path> configFile) {

    /** Leaves all to ssh. */
    public static SshOptions standard() {
        return new SshOptions(Optional.empty(), Optional.empty(), Optional.empty());
    }
}
