package org.jhorovod.launcher.job;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jhorovod.launcher.agent.ProcessGroups;
import org.jhorovod.launcher.agent.SecretFolder;
import org.jspecify.annotations.Nullable;

/**
 * What this host's agent leaves behind when it is lost: its ranks and their secret. On other hosts
 * the agent's guard ends them.
 */
final class Orphans {
    private static final Duration TERM_WAIT = Duration.ofMillis(1500);
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);

    private final Consumer<String> tell;
    // Written by the thread that listens to the agent; null until that has said.
    private volatile @Nullable SecretFolder secretFolder;

    /**
     * There are none yet.
     *
     * @param tell told, in a line, of what cannot be ended
     */
    Orphans(Consumer<String> tell) {
        this.tell = tell;
    }

    /** Where the agent keeps the secret, by which its ranks are known. */
    void haveSecret(SecretFolder folder) {
        secretFolder = folder;
    }

    /**
     * Ends them; blocks for some seconds at most.
     *
     * @param pids of the ranks' first processes, as far as known
     */
    void end(List<Long> pids) {
        ProcessGroups groups = new ProcessGroups();
        pids.forEach(groups::add);
        SecretFolder folder = secretFolder;
        if (folder != null) {
            groups.addHoldersOf(folder);
        }
        try {
            if (!groups.end(TERM_WAIT, KILL_WAIT)) {
                tell.accept(
                        "some processes of this host's ranks cannot be ended; look for the groups "
                                + pids);
            }
        } catch (IOException e) {
            tell.accept("cannot clean up after the agent: " + e.getMessage());
        }
        if (folder != null) {
            deleteUnlessGone(folder);
        }
    }

    private void deleteUnlessGone(SecretFolder folder) {
        try {
            folder.delete();
        } catch (IOException e) {
            if (Files.exists(folder.path())) { // the agent's guard deletes it too
                tell.accept("cannot delete %s: %s".formatted(folder.path(), e.getMessage()));
            }
        }
    }
}
