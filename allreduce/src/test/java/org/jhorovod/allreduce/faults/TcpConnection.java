package org.jhorovod.allreduce.faults;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A connection between two processes of this machine, which {@code ss} (of iproute2) knows and can
 * reset.
 *
 * @param peerPid the process at the other end
 */
record TcpConnection(int port, int peerPort, long peerPid) {
    private static final Pattern LINE =
            Pattern.compile("\\S+\\s+\\S+\\s+\\S+:(\\d+)\\s+\\S+:(\\d+)\\s+users:.*?pid=(\\d+),.*");
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private record Ports(int own, int peer) {
        Ports ofOtherEnd() {
            return new Ports(/* own= */ peer, /* peer= */ own);
        }
    }

    /** Those of a process whose other ends can be told. */
    static List<TcpConnection> of(long pid) throws IOException {
        Map<Ports, Long> owners = new HashMap<>();
        for (String line : ss("-tnpH", "state", "established").split("\n", -1)) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                Ports ports =
                        new Ports(
                                Integer.parseInt(matcher.group(1)),
                                Integer.parseInt(matcher.group(2)));
                owners.put(ports, Long.parseLong(matcher.group(3)));
            }
        }
        List<TcpConnection> connections = new ArrayList<>();
        owners.forEach(
                (ports, owner) -> {
                    Long peer = owners.get(ports.ofOtherEnd());
                    if (owner == pid && peer != null) {
                        connections.add(new TcpConnection(ports.own(), ports.peer(), peer));
                    }
                });
        return connections;
    }

    /**
     * Ends it at once, as a firewall or a reboot does.
     *
     * @return whether it was there
     */
    boolean reset() throws IOException {
        String ended = ss("-KtnH", "sport = :%d and dport = :%d".formatted(port, peerPort));
        return !ended.isBlank();
    }

    /** Why connections cannot be reset here; empty if they can. */
    static String whyNoneCanBeReset() {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket socket = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            accepted.setSoTimeout((int) TIMEOUT.toMillis());
            new TcpConnection(socket.getLocalPort(), socket.getPort(), 0).reset();
            try {
                socket.getOutputStream().write(1);
                return "ss -K needs CAP_NET_ADMIN and a kernel with INET_DIAG_DESTROY";
            } catch (SocketException e) {
                return "";
            }
        } catch (IOException e) {
            return "ss of iproute2 is missing: " + e.getMessage();
        }
    }

    private static String ss(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ss"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("ss does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("ss failed: " + printed);
        }
        return printed;
    }
}
