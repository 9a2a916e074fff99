package org.jhorovod.launcher.agent;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.rendezvous.Deadline;
import org.jspecify.annotations.Nullable;

/**
 * The process groups that must not outlive the job. Each was started with {@code setsid}, so that
 * its number is the pid of the process that was started, and it is a session too: what a shell with
 * job control moves into groups of its own is still found. What has left the session too is found
 * by the job's secret in its environment. Safe for use by several threads.
 */
public final class ProcessGroups {
    private static final Duration SHELL_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration POLL_PAUSE = Duration.ofMillis(20);
    // A shell's own kill needs no package beyond the shell, and knows about negative numbers.
    private static final String KILL_SCRIPT = "kill -s \"$0\" -- \"$@\" 2>/dev/null";

    // Guarded by this.
    private final Set<Long> groups = new TreeSet<>();
    private @Nullable Path secretFolder; // null until there is a secret

    /** Remembers a group. */
    public synchronized void add(long group) {
        groups.add(group);
    }

    /** From now on whoever has the secret of this folder counts as well. */
    public synchronized void addHoldersOf(SecretFolder folder) {
        secretFolder = folder.path();
    }

    /**
     * Forgets a group whose first process has ended, unless other processes are left in it. Its
     * number stays taken as long as there are, and is free for strangers afterwards.
     *
     * @return whether the group was forgotten
     */
    public synchronized boolean leaderEnded(long group) throws IOException {
        return ProcessTable.membersOf(Set.of(group)).isEmpty() && groups.remove(group);
    }

    /** Sends a signal to every process of every group, and to all that hold the secret. */
    public void send(UnixSignal signal) throws IOException {
        Set<Long> wanted = groups();
        Set<String> targets = new TreeSet<>();
        for (ProcessTable.Entry member : members()) {
            boolean isGroupOurs = wanted.contains(member.group());
            targets.add(isGroupOurs ? "-" + member.group() : Long.toString(member.pid()));
        }
        if (!targets.isEmpty()) {
            kill(signal, targets);
        }
    }

    private static void kill(UnixSignal signal, Set<String> targets) throws IOException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", KILL_SCRIPT));
        command.add(signal.name());
        command.addAll(targets);
        Process shell =
                new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            // No result to look at: a group that has just ended makes kill fail, and may.
            if (!shell.waitFor(SHELL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                shell.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Ends all groups: TERM, a short wait, KILL. Blocks for both waits at most.
     *
     * @return whether nothing is left
     */
    public boolean end(Duration termWait, Duration killWait) throws IOException {
        if (isEmpty()) {
            return true;
        }
        send(UnixSignal.TERM);
        if (awaitEmpty(termWait)) {
            return true;
        }
        send(UnixSignal.KILL);
        return awaitEmpty(killWait);
    }

    private boolean awaitEmpty(Duration timeout) throws IOException {
        Deadline deadline = Deadline.after(timeout);
        while (!isEmpty()) {
            if (deadline.isOver()) {
                return false;
            }
            LockSupport.parkNanos(POLL_PAUSE.toNanos());
        }
        return true;
    }

    private boolean isEmpty() throws IOException {
        return members().isEmpty();
    }

    private List<ProcessTable.Entry> members() throws IOException {
        Path folder = secretFolder();
        return folder == null
                ? ProcessTable.membersOf(groups())
                : ProcessTable.membersOf(groups(), folder);
    }

    private synchronized @Nullable Path secretFolder() {
        return secretFolder;
    }

    private synchronized Set<Long> groups() {
        return Set.copyOf(groups);
    }
}
