package org.jhorovod.launcher.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A network of containers: a namespace for each, on one switch, which is a namespace too. */
final class ContainerNetwork implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    // The pid tells others that a namespace is left over when this JVM is gone.
    private static final String PREFIX = "jh%dxc".formatted(ProcessHandle.current().pid());
    private static final String SWITCH = PREFIX + "s";

    private final List<String> hosts;
    private final Path names;

    private ContainerNetwork(List<String> hosts, Path names) {
        this.hosts = hosts;
        this.names = names;
    }

    /**
     * Makes a network.
     *
     * @param hosts the names of each host, the first of which is the one it is called by here
     * @param folder for a file with all names and addresses
     */
    static ContainerNetwork create(List<String> hosts, Path folder)
            throws IOException, InterruptedException {
        ContainerNetwork network =
                new ContainerNetwork(
                        hosts.stream().map(names -> names.split(" ", 2)[0]).toList(),
                        folder.resolve("hosts"));
        try {
            network.open(hosts);
            return network;
        } catch (IOException | InterruptedException | AssertionError e) {
            network.close();
            throw e;
        }
    }

    private void open(List<String> namesOfEach) throws IOException, InterruptedException {
        StringBuilder lines = new StringBuilder("127.0.0.1 localhost\n");
        Programs.require(TIMEOUT, "ip", "netns", "add", SWITCH);
        ip(SWITCH, "link add br0 type bridge");
        ip(SWITCH, "link set br0 up");
        for (int host = 0; host < hosts.size(); host++) {
            String space = PREFIX + host;
            String address = "10.138.0." + (host + 1);
            Programs.require(TIMEOUT, "ip", "netns", "add", space);
            ip(SWITCH, "link add port%d type veth peer name eth0 netns %s".formatted(host, space));
            ip(SWITCH, "link set port%d master br0 up".formatted(host));
            ip(space, "link set lo up");
            ip(space, "link set eth0 up");
            ip(space, "addr add %s/24 dev eth0".formatted(address));
            lines.append(address).append(' ').append(namesOfEach.get(host)).append('\n');
        }
        Files.writeString(names, lines);
    }

    private static void ip(String space, String words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", space));
        command.addAll(Arrays.asList(words.split(" ", -1)));
        Programs.require(TIMEOUT, command.toArray(new String[0]));
    }

    /** What containers find as {@code /etc/hosts}. */
    Path names() {
        return names;
    }

    /** The words that run something on a host. */
    List<String> words(String host, List<String> command) {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", space(host)));
        words.addAll(command);
        return words;
    }

    private String space(String host) {
        return PREFIX + hosts.indexOf(host);
    }

    private static List<Long> pidsIn(String space) throws IOException, InterruptedException {
        return Programs.require(TIMEOUT, "ip", "netns", "pids", space)
                .lines()
                .map(Long::valueOf)
                .toList();
    }

    /** Ends all processes on a host. */
    void stop(String host) throws IOException, InterruptedException {
        kill(space(host));
    }

    private static void kill(String space) throws IOException, InterruptedException {
        pidsIn(space)
                .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        String there = Programs.require(TIMEOUT, "ip", "netns", "list");
        for (String line : there.lines().toList()) {
            String space = line.split(" ", 2)[0];
            if (space.startsWith(PREFIX)) {
                kill(space);
                Programs.require(TIMEOUT, "ip", "netns", "delete", space);
            }
        }
    }
}
