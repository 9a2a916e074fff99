package org.jhorovod.allreduce;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Where a rank listens, as it tells the others.
 *
 * @param socket its address and port
 * @param access who can connect to it
 * @param listener the number of its listener, which tells it from any other at the same address
 * @param host the name of its host, for messages
 */
record PublishedAddress(InetSocketAddress socket, Access access, long listener, String host) {
    private static final int WORDS = 5;

    /** The text for the store: {@code <port> <address> <access> <listener> <host>}. */
    String encode() {
        String address = socket.getAddress().getHostAddress();
        int scope = address.indexOf('%');
        // The scope of a link-local address names an interface of this host, not of the reader's.
        String unscoped = scope < 0 ? address : address.substring(0, scope);
        return "%d %s %s %d %s".formatted(socket.getPort(), unscoped, access, listener, host);
    }

    /**
     * Reads what a rank has published.
     *
     * @param own an address of this host that other ranks reach: a link-local address is on the
     *     same link
     */
    static PublishedAddress decode(String text, InetAddress own) throws IOException {
        String[] parts = text.split(" ", WORDS);
        if (parts.length != WORDS) {
            throw new IOException("malformed address '" + text + "'");
        }
        InetAddress address = parse(parts[1]);
        if (address.isLinkLocalAddress()
                && address instanceof Inet6Address
                && own instanceof Inet6Address ownAddress) {
            address =
                    Inet6Address.getByAddress(null, address.getAddress(), ownAddress.getScopeId());
        }
        try {
            int port = Integer.parseInt(parts[0]);
            return new PublishedAddress(
                    new InetSocketAddress(address, port),
                    Access.valueOf(parts[2]),
                    Long.parseLong(parts[3]),
                    parts[WORDS - 1]);
        } catch (IllegalArgumentException e) {
            throw new IOException("malformed address '" + text + "'", e);
        }
    }

    /** Takes numbers only, so that nothing is looked up. */
    private static InetAddress parse(String address) throws IOException {
        try {
            return InetAddresses.forString(address);
        } catch (IllegalArgumentException e) {
            throw new IOException("malformed address '" + address + "'", e);
        }
    }
}
