package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** The name of this host. */
final class HostName {
    private static final Path FILE = Path.of("/proc/sys/kernel/hostname");
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1", "[::1]");

    private HostName() {}

    /** The system's name; asks no name server. */
    static String ofThisHost() {
        try {
            return Files.readString(FILE).strip();
        } catch (IOException e) {
            return "localhost";
        }
    }

    /** Whether a name in -H means this host. */
    static boolean isThisHost(String name) {
        String own = ofThisHost();
        return LOOPBACK.contains(name) || name.equals(own) || own.startsWith(name + ".");
    }
}
