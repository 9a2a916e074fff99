package org.jhorovod.allreduce;

import com.google.common.net.InetAddresses;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.rendezvous.Deadline;

/**
 * Where ranks meet, as it is written: {@code host:port}.
 *
 * @param host a name, or an address without brackets
 * @param port from 1 to 65535
 */
record RendezvousName(String host, int port) {
    private static final int LARGEST_PORT = 65535;
    // Java itself remembers for 10 s that a name was unknown, so asking more often costs nothing.
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]*");
    private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");

    /**
     * Reads it, and looks nothing up.
     *
     * @throws ConfigurationException if it is malformed
     */
    static RendezvousName parse(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            String host = colon < 0 ? "" : text.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
            if (isAddressOrName(host) && port > 0 && port <= LARGEST_PORT) {
                return new RendezvousName(host, port);
            }
        } catch (NumberFormatException e) {
            throw malformed(text);
        }
        throw malformed(text);
    }

    private static boolean isAddressOrName(String host) {
        int scope = host.indexOf('%');
        String address = scope < 0 ? host : host.substring(0, scope);
        return InetAddresses.isInetAddress(address)
                || (NAME.matcher(host).matches() && !NUMBERS.matcher(host).matches());
    }

    private static ConfigurationException malformed(String text) {
        return new ConfigurationException(
                List.of(
                        "JHOROVOD_RENDEZVOUS is '%s', but must be host:port, with a name or an address for the host (of version 6 as [ADDRESS]) and a port from 1 to %d."
                                .formatted(text, LARGEST_PORT)));
    }

    /** The same for those who only name it. */
    InetSocketAddress unresolved() {
        return InetSocketAddress.createUnresolved(host, port);
    }

    /** Looks up the host, once. */
    InetSocketAddress resolve() throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(host), port);
    }

    /**
     * Looks up the host, again and again while nobody knows it.
     *
     * @throws UnknownHostException if nobody does by the deadline, or the thread is interrupted
     */
    InetSocketAddress resolve(Deadline deadline) throws UnknownHostException {
        while (true) {
            try {
                return resolve();
            } catch (UnknownHostException e) {
                if (deadline.remainingNanos() < PAUSE.toNanos()
                        || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
