package org.jhorovod.allreduce;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.rendezvous.Secret;

/**
 * How to reach the store that rank 0 hosts.
 *
 * @param secret what a connection proves
 * @param port where the store listens
 * @param addresses of rank 0's host, the likely ones first
 */
record Invitation(Secret secret, int port, List<InetAddress> addresses) {
    /** As many on every rank, for a broadcast. */
    private static final int BYTES = 2048;

    /** One address is a bit of a number. */
    static final int MOST_ADDRESSES = 32;

    private static final String NO_ADDRESS = "rank 0 told no address of the store";
    private static final int LARGEST_PORT = 65535;

    byte[] encode() {
        // Over MPI, or in a file that all hosts share: the key of TLS goes neither way.
        String text =
                secret.withoutCertificate().encoded() + '\n' + String.join("\n", words()) + '\n';
        return Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), BYTES);
    }

    /** The same with the certificate that this process is to use, if there is one. */
    Invitation encryptingBy(Configuration configuration) {
        return new Invitation(Encryption.with(secret, configuration), port, addresses);
    }

    /** All but the secret: the port, and then the addresses. */
    List<String> words() {
        List<String> words = new ArrayList<>(List.of(String.valueOf(port)));
        addresses.forEach(address -> words.add(InetAddresses.toAddrString(address)));
        return words;
    }

    /** The addresses with the port. */
    List<InetSocketAddress> sockets() {
        return addresses.stream().map(a -> new InetSocketAddress(a, port)).toList();
    }

    /** Room for what {@link #encode} makes. */
    static byte[] room() {
        return new byte[BYTES];
    }

    static Invitation decode(byte[] bytes) throws IOException {
        List<String> lines =
                Arrays.asList(new String(bytes, StandardCharsets.US_ASCII).split("\n", -1));
        Secret secret = Secret.ofText("rank 0's invitation", lines.get(0));
        // Behind the secret, and before the padding.
        return of(secret, lines.subList(1, Math.max(1, lines.size() - 1)));
    }

    /** Reads what {@link #words} makes. */
    static Invitation of(Secret secret, List<String> words) throws IOException {
        int addressCount = words.size() - 1;
        if (addressCount < 1 || addressCount > MOST_ADDRESSES) {
            throw new IOException(NO_ADDRESS);
        }
        try {
            List<InetAddress> addresses = new ArrayList<>();
            for (String word : words.subList(1, words.size())) {
                // Numbers only, so that nothing is looked up.
                addresses.add(InetAddresses.forString(word));
            }
            return new Invitation(secret, port(words.get(0)), addresses);
        } catch (IllegalArgumentException e) {
            throw new IOException(NO_ADDRESS, e);
        }
    }

    private static int port(String text) {
        int port = Integer.parseInt(text);
        if (port < 1 || port > LARGEST_PORT) {
            throw new IllegalArgumentException("no port");
        }
        return port;
    }

    /** The addresses by which other hosts might reach this one. */
    static List<InetAddress> addressesOfThisHost() throws IOException {
        List<InetAddress> addresses =
                NetworkInterface.networkInterfaces()
                        .filter(Invitation::isUp)
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(address -> !address.isLoopbackAddress())
                        .filter(address -> !address.isLinkLocalAddress())
                        .sorted((a, b) -> Boolean.compare(isIpv6(a), isIpv6(b)))
                        .limit(MOST_ADDRESSES)
                        .toList();
        return addresses.isEmpty() ? List.of(InetAddress.getLoopbackAddress()) : addresses;
    }

    private static boolean isIpv6(InetAddress address) {
        return address instanceof Inet6Address;
    }

    private static boolean isUp(NetworkInterface candidate) {
        try {
            return candidate.isUp() && !candidate.isLoopback();
        } catch (IOException e) {
            return false;
        }
    }
}
