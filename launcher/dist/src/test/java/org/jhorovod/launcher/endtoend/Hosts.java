package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;

/**
 * Network namespaces that stand for hosts: {@code host1}, {@code host2} and so on, each with an
 * sshd of its own, on one switch, which is a namespace too. They share everything else: the
 * system's name, processes and files.
 *
 * <p>Their names hold the pid of this JVM, so that what an earlier one has left is known and
 * removed. Several may be open at a time.
 */
final class Hosts implements AutoCloseable {
    /** Other ways to the second host, each a name for {@code -H} with a port of its own. */
    enum Way {
        /** Nobody listens. */
        CLOSED(2200, ""),
        /** Java is not where it is on this host. */
        WITHOUT_JAVA(2201, "eval \"${SSH_ORIGINAL_COMMAND/bin\\/java/bin/no-java}\""),
        /** The agent says that it is of another version. */
        OTHER_VERSION(2202, "cat @FOLDER@/other-version -"),
        /** The shell greets its user. */
        TALKATIVE(2203, "echo Welcome; eval \"$SSH_ORIGINAL_COMMAND\"");

        private final int port;
        private final String command; // of the port's sshd in place of what is asked for

        Way(int port, String command) {
            this.port = port;
            this.command = command;
        }

        String host() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        static List<Way> served() {
            return Arrays.stream(values()).filter(way -> way != CLOSED).toList();
        }
    }

    private static final Pattern NAME = Pattern.compile("jh(\\d+)x\\w+");
    private static final Path NAMES = Path.of("/etc/netns");
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static int created;

    private final String prefix;
    private final Path folder;
    private final Map<Integer, Process> servers = new TreeMap<>();

    private Hosts(String prefix, Path folder) {
        this.prefix = prefix;
        this.folder = folder;
    }

    /**
     * Makes that many hosts.
     *
     * @param folder for keys and settings
     */
    static Hosts create(int count, Path folder) throws Exception {
        assumePossible();
        removeLeftovers();
        created++;
        String prefix = "jh%dx%d".formatted(ProcessHandle.current().pid(), created);
        Hosts hosts = new Hosts(prefix, folder);
        try {
            hosts.makeNetwork(count);
            hosts.makeKeys();
            for (int host = 1; host <= count; host++) {
                hosts.startServer(host);
            }
            for (int host = 1; host <= count; host++) {
                hosts.awaitServer(host);
            }
            return hosts;
        } catch (Exception | AssertionError e) {
            hosts.close();
            throw e;
        }
    }

    private static void assumePossible() {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root, to make network namespaces");
        for (String program : List.of("ip", "ssh", "sshd", "ssh-keygen", "bash")) {
            Assumptions.assumeTrue(
                    Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
                            .anyMatch(dir -> Files.isExecutable(Path.of(dir, program))),
                    "needs the program " + program + "; see docker/packages.txt");
        }
        Assumptions.assumeTrue(
                succeeds("unshare", "--net", "true"), "network namespaces are not allowed here");
    }

    private static void removeLeftovers() throws IOException, InterruptedException {
        for (String line : run("ip", "netns", "list").lines().toList()) {
            String name = line.split(" ", 2)[0];
            Matcher matcher = NAME.matcher(name);
            if (matcher.matches() && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty()) {
                remove(name);
            }
        }
    }

    private static void remove(String name) throws IOException, InterruptedException {
        pids(name).forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        run("ip", "netns", "delete", name);
        Files.deleteIfExists(NAMES.resolve(name).resolve("hosts"));
        Files.deleteIfExists(NAMES.resolve(name));
    }

    private static List<Long> pids(String name) throws IOException, InterruptedException {
        return run("ip", "netns", "pids", name).lines().map(Long::valueOf).toList();
    }

    private void makeNetwork(int count) throws IOException, InterruptedException {
        String bridge = prefix + "s";
        StringBuilder names = new StringBuilder("127.0.0.1 localhost\n");
        run("ip", "netns", "add", bridge);
        ip(bridge, "link add br0 type bridge");
        ip(bridge, "link set br0 up");
        for (int host = 1; host <= count; host++) {
            names.append("%s host%d\n%s host%d-v6\n".formatted(v4(host), host, v6(host), host));
        }
        for (int host = 1; host <= count; host++) {
            String name = name(host);
            run("ip", "netns", "add", name);
            ip(bridge, "link add port%d type veth peer name eth0 netns %s".formatted(host, name));
            ip(bridge, "link set port%d master br0 up".formatted(host));
            ip(name, "link set lo up");
            ip(name, "link set eth0 up");
            ip(name, "addr add %s/24 dev eth0".formatted(v4(host)));
            ip(name, "addr add %s/64 dev eth0 nodad".formatted(v6(host)));
            Files.createDirectories(NAMES.resolve(name));
            Files.writeString(NAMES.resolve(name).resolve("hosts"), names);
        }
    }

    private void makeKeys() throws IOException, InterruptedException {
        for (String key : List.of("host-key", "user-key")) {
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(key));
        }
        Files.copy(folder.resolve("user-key.pub"), folder.resolve("authorized"));
        String hostKey = Files.readString(folder.resolve("host-key.pub"));
        Files.writeString(folder.resolve("known"), "* " + hostKey);
        StringBuilder config = new StringBuilder();
        for (Way way : Way.values()) {
            config.append("Host ").append(way.host()).append("\n    HostName ").append(v4(2));
            config.append("\n    Port ").append(way.port).append('\n');
        }
        config.append(
                """
                Host denied strange
                    HostName %s
                Host denied
                    User nobody
                Host strange
                    UserKnownHostsFile /dev/null
                Host *
                    IdentityFile %s
                    IdentitiesOnly yes
                    UserKnownHostsFile %s
                    GlobalKnownHostsFile /dev/null
                    StrictHostKeyChecking yes
                """
                        .formatted(v4(2), file("user-key"), file("known")));
        Files.writeString(folder.resolve("config"), config);
    }

    private void startServer(int host) throws IOException {
        StringBuilder config = new StringBuilder("Port 22\n");
        Way.served().forEach(way -> config.append("Port ").append(way.port).append('\n'));
        config.append(
                """
                HostKey %s
                AuthorizedKeysFile %s
                UsePAM no
                StrictModes no
                PidFile none
                PermitRootLogin yes
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                ClientAliveInterval 1
                ClientAliveCountMax 2
                """
                        .formatted(file("host-key"), file("authorized")));
        for (Way way : Way.served()) {
            config.append("Match LocalPort ").append(way.port).append("\n    ForceCommand ");
            config.append(way.command.replace("@FOLDER@", folder.toString())).append('\n');
        }
        Files.createDirectories(Path.of("/run/sshd"));
        Path file = folder.resolve("sshd" + host);
        Files.writeString(file, config);
        servers.put(
                host,
                new ProcessBuilder(
                                command(host, "/usr/sbin/sshd", "-D", "-e", "-f", file.toString()))
                        .redirectErrorStream(true)
                        .redirectOutput(log(host).toFile())
                        .start());
    }

    private void awaitServer(int host) {
        Awaitility.await("sshd of host" + host)
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () ->
                                Files.readString(log(host)).split("Server listening", -1).length
                                        > 2 * Way.values().length); // both families
    }

    private Path log(int host) {
        return folder.resolve("sshd%d.log".formatted(host));
    }

    /** A file in the hosts' folder. */
    String file(String name) {
        return folder.resolve(name).toString();
    }

    /** The network namespace that stands for a host. */
    String name(int host) {
        return prefix + "h" + host;
    }

    static String v4(int host) {
        return "10.137.0." + host;
    }

    static String v6(int host) {
        return "fd00:137::" + host;
    }

    /** A run of jhorovodrun on a host. */
    Jhorovodrun.Builder jhorovodrun(int host, String... arguments) {
        List<String> words = new ArrayList<>();
        words.addAll(List.of("netns", "exec", name(host), Jhorovodrun.SCRIPT.toString()));
        words.addAll(List.of("--ssh-config", file("config")));
        words.addAll(Arrays.asList(arguments));
        return Jhorovodrun.ofScript(Path.of("ip"), words.toArray(new String[0]));
    }

    /** A run of any program on a host, the first of the words. */
    Jhorovodrun.Builder program(int host, List<String> words) {
        List<String> all = command(host, words.toArray(new String[0]));
        return Jhorovodrun.ofScript(
                Path.of(all.get(0)), all.subList(1, all.size()).toArray(new String[0]));
    }

    private List<String> command(int host, String... words) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", name(host)));
        command.addAll(Arrays.asList(words));
        return command;
    }

    /** Changes the network of a host. */
    void ip(int host, String words) throws IOException, InterruptedException {
        ip(name(host), words);
    }

    private static void ip(String name, String words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(words.split(" ")));
        run(command.toArray(new String[0]));
    }

    /** The processes on a host beside its sshd. */
    List<Long> pids(int host) throws IOException, InterruptedException {
        return pids(name(host)).stream()
                .filter(pid -> servers.values().stream().noneMatch(s -> s.pid() == pid))
                .toList();
    }

    /** The agent on a host. */
    long agent(int host) throws IOException, InterruptedException {
        return onlyProcess(host, "\\S+/java .*AgentMain");
    }

    /** The ssh on the first host that leads to another. */
    long ssh(int host) throws IOException, InterruptedException {
        return onlyProcess(1, "ssh .* -- host%d .*".formatted(host));
    }

    /** The Java process on a host that runs this program. */
    long javaOf(int host, Class<?> program) throws IOException, InterruptedException {
        return onlyProcess(host, "\\S+/java .*" + program.getName() + ".*");
    }

    private long onlyProcess(int host, String pattern) throws IOException, InterruptedException {
        List<Long> found =
                pids(host).stream()
                        .filter(pid -> Jhorovodrun.commandLine(pid).matches(pattern))
                        .toList();
        assertThat(found).as("processes on host%d that match '%s'", host, pattern).hasSize(1);
        return found.get(0);
    }

    /** Waits until no host has any process beside its sshd. */
    void awaitNothingLeft(Duration timeout) {
        Awaitility.await("nothing is left on any host")
                .atMost(timeout)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(
                        () -> {
                            for (int host : servers.keySet()) {
                                assertThat(pids(host))
                                        .as("host%d", host)
                                        .extracting(Jhorovodrun::commandLine)
                                        .isEmpty();
                            }
                        });
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s: %s", List.of(command), output).isZero();
        return output;
    }

    private static boolean succeeds(String... command) {
        try {
            run(command);
            return true;
        } catch (IOException | AssertionError e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Ends what is left on the hosts and removes them. */
    @Override
    public void close() throws IOException, InterruptedException {
        for (String line : run("ip", "netns", "list").lines().toList()) {
            String name = line.split(" ", 2)[0];
            if (name.equals(prefix + "s") || name.startsWith(prefix + "h")) {
                remove(name);
            }
        }
    }
}
