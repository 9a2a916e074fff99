package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * Network namespaces: a host with a public address, and hosts each behind a router of its own,
 * whose masquerade lets connections out and none in.
 *
 * <pre>
 *   host 0, 10.139.0.1 ──┬── router 1, 10.139.0.11 ── host 1, 192.168.7.2
 *                        └── router 2, 10.139.0.12 ── host 2, 192.168.7.2
 * </pre>
 */
final class NatNetwork implements AutoCloseable {
    static final String PUBLIC = "10.139.0.1";
    static final String PRIVATE = "192.168.7.2";

    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    // The pid tells others that a namespace is left over when this JVM is gone.
    private static final String PREFIX = "jh%dxn".formatted(ProcessHandle.current().pid());
    private static final String MASQUERADE =
            """
            table ip nat {
                chain out {
                    type nat hook postrouting priority 100;
                    oifname "eth0" masquerade;
                }
            }
            """;

    private NatNetwork() {}

    /**
     * Makes a network.
     *
     * @param hosts how many of them are behind a router
     * @param folder for the routers' rules
     */
    static NatNetwork create(int hosts, Path folder) throws IOException, InterruptedException {
        assumePossible();
        NatNetwork network = new NatNetwork();
        try {
            network.open(hosts, Files.writeString(folder.resolve("masquerade"), MASQUERADE));
            return network;
        } catch (IOException | InterruptedException | AssertionError e) {
            network.close();
            throw e;
        }
    }

    private static void assumePossible() throws IOException, InterruptedException {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root, to make network namespaces");
        Programs.assume("ip", "nft", "bash", "unshare");
        Assumptions.assumeTrue(
                Programs.run(TIMEOUT, List.of("unshare", "--net", "nft", "list", "tables")).code()
                        == 0,
                "network namespaces, or nft in them, are not allowed here");
    }

    private void open(int hosts, Path rules) throws IOException, InterruptedException {
        add(host(0));
        ip(host(0), "link add eth0 type bridge");
        ip(host(0), "link set eth0 up");
        ip(host(0), "addr add %s/24 dev eth0".formatted(PUBLIC));
        for (int host = 1; host <= hosts; host++) {
            String router = PREFIX + "r" + host;
            add(router);
            add(host(host));
            ip(
                    host(0),
                    "link add port%d type veth peer name eth0 netns %s".formatted(host, router));
            ip(host(0), "link set port%d master eth0 up".formatted(host));
            ip(router, "link set eth0 up");
            ip(router, "addr add 10.139.0.%d/24 dev eth0".formatted(10 + host));
            ip(router, "link add eth1 type veth peer name eth0 netns " + host(host));
            ip(router, "link set eth1 up");
            ip(router, "addr add 192.168.7.1/24 dev eth1");
            ip(host(host), "link set eth0 up");
            ip(host(host), "addr add %s/24 dev eth0".formatted(PRIVATE));
            ip(host(host), "route add default via 192.168.7.1");
            in(router, "bash", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
            in(router, "nft", "-f", rules.toString());
        }
    }

    private static String host(int number) {
        return PREFIX + "h" + number;
    }

    private static void add(String space) throws IOException, InterruptedException {
        Programs.require(TIMEOUT, "ip", "netns", "add", space);
        ip(space, "link set lo up");
    }

    private static void ip(String space, String words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", space));
        command.addAll(Arrays.asList(words.split(" ", -1)));
        Programs.require(TIMEOUT, command.toArray(new String[0]));
    }

    private static void in(String space, String... command)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", space));
        words.addAll(Arrays.asList(command));
        Programs.require(TIMEOUT, words.toArray(new String[0]));
    }

    /** The words that run something on a host; 0 is the public one. */
    List<String> words(int host, List<String> command) {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", host(host)));
        words.addAll(command);
        return words;
    }

    /** Ends what is left on the hosts and removes them. */
    @Override
    public void close() throws IOException, InterruptedException {
        for (String line : Programs.require(TIMEOUT, "ip", "netns", "list").lines().toList()) {
            String space = line.split(" ", 2)[0];
            if (space.startsWith(PREFIX)) {
                Programs.require(TIMEOUT, "ip", "netns", "pids", space)
                        .lines()
                        .forEach(
                                pid ->
                                        ProcessHandle.of(Long.parseLong(pid))
                                                .ifPresent(ProcessHandle::destroyForcibly));
                Programs.require(TIMEOUT, "ip", "netns", "delete", space);
            }
        }
    }
}
