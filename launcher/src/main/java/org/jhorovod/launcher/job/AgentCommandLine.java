package org.jhorovod.launcher.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.launcher.agent.AgentMain;
import org.jhorovod.launcher.plan.SrunCommand;
import org.jhorovod.launcher.plan.SshCommand;
import org.jhorovod.launcher.plan.SshOptions;

/**
 * The words that start an agent: the same JVM and class path on every host, in a session of its own
 * here, out of reach of the terminal's Ctrl-C.
 */
public final class AgentCommandLine {
    private static final int ALIVE_COUNT = 3;

    private AgentCommandLine() {}

    /** On this host. */
    public static List<String> here() {
        List<String> words = new ArrayList<>(List.of("setsid", "--"));
        words.addAll(java());
        return words;
    }

    /** On another host of a job: by srun in a Slurm allocation, otherwise by ssh. */
    public static List<String> there(String host, JobSpec spec) {
        return spec.starter() == JobSpec.Starter.SLURM_AGENTS
                ? bySrun(host)
                : bySsh(host, spec.ssh(), spec.timeouts().liveness());
    }

    /** The environment goes there with the call, so that nothing has to be set. */
    private static List<String> bySrun(String host) {
        List<String> words = new ArrayList<>(List.of("setsid", "--"));
        words.addAll(SrunCommand.of(host, java()));
        return words;
    }

    /**
     * On another host, by ssh.
     *
     * @param liveness after which the launcher gives up a host that is silent; ssh itself only
     *     where that fails, so that the reason is always the same
     */
    static List<String> bySsh(String host, SshOptions options, Duration liveness) {
        List<String> remote = new ArrayList<>(List.of("exec", "env"));
        // Arguments keep their letters only in such a locale; the ranks get back what they had.
        remote.addAll(List.of("LC_ALL=C.UTF-8", "JHOROVODRUN_UNSET_LC_ALL=1"));
        remote.addAll(java());
        List<String> words = new ArrayList<>(SshCommand.of(host, options, remote));
        // Half as long again as the liveness timeout, and more.
        long interval = (liveness.toMillis() + 1999) / 2000 + 1;
        words.addAll(
                1,
                List.of(
                        "-o",
                        "ServerAliveInterval=" + interval,
                        "-o",
                        "ServerAliveCountMax=" + ALIVE_COUNT));
        words.addAll(0, List.of("setsid", "--"));
        return words;
    }

    private static List<String> java() {
        return List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx64m",
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                AgentMain.class.getName());
    }
}
