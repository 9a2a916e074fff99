package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jhorovod.launcher.agent.SecretFolder;

/**
 * Slurm on two {@link Hosts}, two cores each: a munged, a slurmctld on the first host, and a slurmd
 * on either. Its configuration, key and sockets are its own; the system's are not touched.
 *
 * <p>Unlike other hosts of these tests, nodes have their own host names: slurmd goes by them.
 */
final class SlurmCluster implements AutoCloseable {
    static final int NODES = 2;
    private static final Duration START = Duration.ofSeconds(60);
    private static final Pattern SECRET_FILE =
            Pattern.compile("(?:^|\0)JHOROVOD_SECRET_FILE=([^\0]+)");
    private static final int KEY_BYTES = 1024;

    /** Takes the host's name and names, and then is what follows. */
    private static final String AS_HOST =
            "hostname \"$1\" && mount --bind \"/etc/netns/$2/hosts\" /etc/hosts"
                    + " && shift 2 && exec \"$@\"";

    private final Hosts hosts;
    private final Path folder;
    private final Path configuration;
    private final Map<String, Process> daemons = new TreeMap<>(); // by their names

    private SlurmCluster(Hosts hosts, Path folder) {
        this.hosts = hosts;
        this.folder = folder;
        this.configuration = folder.resolve("slurm.conf");
    }

    /**
     * Makes the hosts, starts the daemons, and waits until both nodes are ready.
     *
     * @param folder for settings and state; its path has to be short, as it holds sockets
     */
    static SlurmCluster create(Path folder) throws Exception {
        Programs.assume("munged", "slurmctld", "slurmd", "srun", "salloc", "nsenter", "unshare");
        SlurmCluster cluster = new SlurmCluster(Hosts.create(NODES, folder), folder);
        try {
            cluster.configure();
            cluster.startMunge();
            cluster.startOn(1, "slurmctld", "-D");
            for (int node = 1; node <= NODES; node++) {
                cluster.startNode(node);
            }
            cluster.awaitIdle();
            return cluster;
        } catch (Exception | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    private void configure() throws IOException {
        // Where munged and slurmd have their sockets.
        for (String name : List.of("munge", "state", "spool.host1", "spool.host2")) {
            Files.createDirectory(folder.resolve(name));
        }
        Files.writeString(
                configuration,
                """
                ClusterName=test
                SlurmctldHost=host1(%1$s)
                SlurmUser=root
                AuthType=auth/munge
                CredType=cred/munge
                AuthInfo=socket=%2$s/munge/socket
                ProctrackType=proctrack/linuxproc
                TaskPlugin=task/none
                JobAcctGatherType=jobacct_gather/none
                SelectType=select/cons_tres
                SelectTypeParameters=CR_Core
                MpiDefault=none
                SlurmdParameters=config_overrides
                ReturnToService=2
                SlurmdTimeout=10
                KillWait=2
                SchedulerParameters=sched_interval=1,batch_sched_delay=1
                StateSaveLocation=%2$s/state
                SlurmdSpoolDir=%2$s/spool.%%n
                SlurmctldPidFile=%2$s/slurmctld.pid
                SlurmdPidFile=%2$s/slurmd.%%n.pid
                NodeName=host1 NodeAddr=%1$s CPUs=2 State=UNKNOWN
                NodeName=host2 NodeAddr=%3$s CPUs=2 State=UNKNOWN
                PartitionName=all Nodes=ALL Default=YES State=UP
                """
                        .formatted(Hosts.v4(1), folder, Hosts.v4(2)));
    }

    private void startMunge() throws IOException {
        Path key = folder.resolve("munge.key");
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        Files.write(key, bytes);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("r--------"));
        String munge = folder.resolve("munge") + "/";
        start(
                "munged",
                List.of(
                        "munged",
                        "--foreground",
                        "--force", // no matter who may look into the folders above
                        "--key-file=" + key,
                        "--socket=" + munge + "socket",
                        "--pid-file=" + munge + "pid",
                        "--seed-file=" + munge + "seed"));
    }

    /** Starts the slurmd of a node. */
    void startNode(int node) throws IOException {
        startOn(node, "slurmd", "-D", "-N", "host" + node);
    }

    private void startOn(int node, String... words) throws IOException {
        start(words[0] + node, command(node, Arrays.asList(words)));
    }

    private void start(String name, List<String> words) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().put("SLURM_CONF", configuration.toString());
        builder.redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve(name + ".log").toFile()));
        daemons.put(name, builder.start());
    }

    private List<String> command(int node, List<String> words) {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("nsenter", "--net=/run/netns/" + hosts.name(node), "--"));
        command.addAll(List.of("unshare", "--uts", "--mount", "--", "sh", "-c", AS_HOST, "sh"));
        command.addAll(List.of("host" + node, hosts.name(node)));
        command.addAll(words);
        return command;
    }

    /** Waits until both nodes have nothing to do, and are ready for more. */
    void awaitIdle() {
        Awaitility.await("both nodes are idle")
                .atMost(START)
                .pollInterval(Duration.ofMillis(200))
                .untilAsserted(
                        () ->
                                assertThat(states())
                                        .as(this::logs)
                                        .isEqualTo("host1 idle\nhost2 idle\n"));
    }

    private String states() throws IOException, InterruptedException {
        Process sinfo = process("sinfo", "--noheader", "--Node", "--format=%N %t").start();
        sinfo.getOutputStream().close();
        String states = new String(sinfo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(sinfo.waitFor(START.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return states;
    }

    private ProcessBuilder process(String... words) {
        ProcessBuilder builder = new ProcessBuilder(command(1, Arrays.asList(words)));
        builder.environment().put("SLURM_CONF", configuration.toString());
        return builder.redirectErrorStream(true);
    }

    private String logs() {
        StringBuilder logs = new StringBuilder();
        for (String name : daemons.keySet()) {
            logs.append(Jhorovodrun.content(folder.resolve(name + ".log")));
        }
        return logs.toString();
    }

    /** A run of a program on the first node, such as srun. */
    Jhorovodrun.Builder run(String... words) {
        List<String> command = command(1, Arrays.asList(words));
        return Jhorovodrun.ofScript(
                        Path.of(command.get(0)),
                        command.subList(1, command.size()).toArray(new String[0]))
                .with("SLURM_CONF", configuration.toString());
    }

    /** The Java process on a node that runs this program as this rank of a step. */
    long javaOf(int node, Class<?> program, int rank) throws IOException, InterruptedException {
        String variable = "\0SLURM_PROCID=" + rank + "\0";
        List<Long> found =
                hosts.pids(node).stream()
                        .filter(
                                pid ->
                                        Jhorovodrun.commandLine(pid)
                                                .matches("\\S+/java .*" + program.getName() + ".*"))
                        .filter(
                                pid ->
                                        Jhorovodrun.content(Path.of("/proc/" + pid + "/environ"))
                                                .contains(variable))
                        .toList();
        assertThat(found).as("rank %d on host%d", rank, node).hasSize(1);
        return found.get(0);
    }

    /** The process of jhorovodrun on the first node. */
    long launcher() throws IOException, InterruptedException {
        List<Long> found =
                hosts.pids(1).stream()
                        .filter(pid -> Jhorovodrun.commandLine(pid).contains(".JhorovodrunMain "))
                        .toList();
        assertThat(found).as("jhorovodrun's processes").hasSize(1);
        return found.get(0);
    }

    /**
     * Ends all that runs on a node, slurmd too, as if somebody had pulled its plug. With a machine
     * goes its memory; that of these nodes is one, so the job's folder in it is removed as well.
     */
    void kill(int node) throws IOException, InterruptedException {
        List<Long> pids = hosts.pids(node);
        Set<Path> inMemory = new TreeSet<>();
        for (long pid : pids) {
            SECRET_FILE
                    .matcher(Jhorovodrun.content(Path.of("/proc/" + pid + "/environ")))
                    .results()
                    .forEach(match -> inMemory.add(Path.of(match.group(1)).getParent()));
        }
        for (long pid : pids) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
        for (Path each : inMemory) {
            new SecretFolder(each).delete();
            assertThat(each).doesNotExist();
        }
    }

    /** Tells Slurm at once what it finds out by itself after some time: that a node is gone. */
    void declareDown(int node) throws IOException, InterruptedException {
        String name = "NodeName=host" + node;
        Jhorovodrun.Result result =
                run("scontrol", "update", name, "State=DOWN", "Reason=killed").run();
        assertThat(result.code()).as(result.err()).isZero();
    }

    /** Ends the daemons, what they have started, and removes the hosts. */
    @Override
    public void close() throws IOException, InterruptedException {
        for (Process daemon : daemons.values()) {
            daemon.destroy();
        }
        hosts.close();
        for (Process daemon : daemons.values()) {
            if (!daemon.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
                daemon.destroyForcibly();
            }
        }
    }
}
