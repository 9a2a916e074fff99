package org.jhorovod.launcher.check;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jhorovod.allreduce.config.Configuration;

/** The transports of the host backend, each looked for or tried with a listener. */
final class Transports {
    private Transports() {}

    static List<Finding> find() {
        return List.of(sharedMemory(), unix(), tcp());
    }

    private static Finding sharedMemory() {
        Path folder = Configuration.SHARED_MEMORY;
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            return Finding.missing("shm", folder + " is no folder that can be written to");
        }
        try {
            long freeMiB = Files.getFileStore(folder).getUsableSpace() >> 20;
            return Finding.available(
                    "shm",
                    "between ranks of one host; %,d MiB free in %s".formatted(freeMiB, folder));
        } catch (IOException e) {
            return Finding.missing("shm", "%s cannot be used: %s".formatted(folder, e));
        }
    }

    private static Finding unix() {
        try {
            Path folder = Files.createTempDirectory("jhorovod-check");
            Path socket = folder.resolve("socket");
            try (ServerSocketChannel channel =
                    ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.bind(UnixDomainSocketAddress.of(socket));
            } finally {
                Files.deleteIfExists(socket);
                Files.delete(folder);
            }
            return Finding.available("unix", "between ranks of one host");
        } catch (IOException | UnsupportedOperationException e) {
            return Finding.missing(
                    "unix", "this system has no unix-domain sockets here: " + e.getMessage());
        }
    }

    private static Finding tcp() {
        try (ServerSocketChannel channel = ServerSocketChannel.open()) {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return Finding.available(
                    "tcp",
                    hasIpv6() ? "between any ranks; IPv4 and IPv6" : "between any ranks; IPv4");
        } catch (IOException e) {
            return Finding.missing("tcp", "this host cannot listen: " + e.getMessage());
        }
    }

    private static boolean hasIpv6() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .anyMatch(Inet6Address.class::isInstance);
    }
}
