package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What two names of one host have in common, and two hosts do not: which boot of which system it
 * is. Containers and network namespaces of one machine are hosts of their own.
 *
 * @param text equal on one host; empty where it cannot be told
 */
public record HostIdentity(String text) {
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    // Copies of one snapshot of a virtual machine may have the same boot, and the same numbers.
    private static final Path NAME = Path.of("/proc/sys/kernel/hostname");
    private static final Path NETWORK = Path.of("/proc/self/ns/net");
    private static final Path FILES = Path.of("/proc/self/ns/mnt");

    /** That of the host where this process runs. */
    static HostIdentity ofThisHost() {
        try {
            return new HostIdentity(
                    String.join(
                            " ",
                            Files.readString(BOOT).strip(),
                            Files.readString(NAME).strip(),
                            Files.readSymbolicLink(NETWORK).toString(),
                            Files.readSymbolicLink(FILES).toString()));
        } catch (IOException | RuntimeException e) {
            return new HostIdentity("");
        }
    }

    /** Whether both are certainly of one host. */
    public boolean isSameHost(HostIdentity other) {
        return !text.isEmpty() && text.equals(other.text);
    }
}
