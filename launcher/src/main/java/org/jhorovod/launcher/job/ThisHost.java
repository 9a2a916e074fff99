package org.jhorovod.launcher.job;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The host that the launcher runs on: its names and its addresses. */
public final class ThisHost {
    private static final Path NAME_FILE = Path.of("/proc/sys/kernel/hostname");
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");

    private ThisHost() {}

    /**
     * Whether a name, as users write it, means this host: it is the system's own, one of the
     * loopback, or one that leads to an address of this host.
     */
    public static boolean isMeantBy(String name) {
        return LOOPBACK.contains(name) || isOwnName(name) || isOwnAddress(name);
    }

    private static boolean isOwnName(String name) {
        String own = name();
        return name.equals(own) || own.startsWith(name + ".");
    }

    /** The system's name; asks no name server. */
    public static String name() {
        try {
            return Files.readString(NAME_FILE).strip();
        } catch (IOException e) {
            return "localhost";
        }
    }

    private static boolean isOwnAddress(String name) {
        if (name.contains("@")) {
            return false; // somebody else's account
        }
        try {
            for (InetAddress address : InetAddress.getAllByName(name)) {
                if (address.isLoopbackAddress()
                        || NetworkInterface.getByInetAddress(address) != null) {
                    return true;
                }
            }
        } catch (UnknownHostException | SocketException e) {
            return false; // a name that only ssh knows
        }
        return false;
    }

    /**
     * The addresses by which other hosts may reach this one: those of all interfaces that are up,
     * or of the one that was named; first those of the older family.
     *
     * @throws IOException if there is none
     */
    static List<String> addresses(Optional<String> interfaceName) throws IOException {
        List<String> known = new ArrayList<>();
        List<InetAddress> found = new ArrayList<>();
        for (NetworkInterface each :
                NetworkInterface.networkInterfaces()
                        .sorted(Comparator.comparingInt(NetworkInterface::getIndex))
                        .toList()) {
            known.add(each.getName());
            if (interfaceName.map(each.getName()::equals).orElse(!each.isLoopback())
                    && each.isUp()) {
                each.inetAddresses().filter(a -> !a.isLinkLocalAddress()).forEach(found::add);
            }
        }
        if (found.isEmpty()) {
            throw new IOException(
                    interfaceName
                            .map(
                                    name ->
                                            "the network interface '%s' is not there, not up, or has no address; this host has: %s"
                                                    .formatted(name, String.join(", ", known)))
                            .orElse("this host has no address but that of its loopback"));
        }
        return found.stream()
                .sorted(Comparator.comparingInt(address -> address.getAddress().length))
                .map(InetAddresses::toAddrString)
                .map(text -> text.replaceFirst("%.*", "")) // the interface that has it
                .toList();
    }
}
