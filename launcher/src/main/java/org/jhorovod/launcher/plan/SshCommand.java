package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;

/** The command line that runs something on another host. */
public final class SshCommand {
    private SshCommand() {}

    /**
     * The words of a call of ssh that asks nothing, opens no terminal, and forwards nothing.
     *
     * @param host as users wrote it, perhaps with {@code user@}; an IPv6 address without brackets
     * @param remoteWords what to run there; quoted, so that a POSIX shell hands it on as it is
     * @throws IllegalArgumentException if ssh would take the host or the first word for an option
     */
    public static List<String> of(String host, SshOptions options, List<String> remoteWords) {
        if (host.isBlank() || host.startsWith("-")) {
            throw new IllegalArgumentException("'%s' is no name of a host.".formatted(host));
        }
        if (remoteWords.isEmpty() || remoteWords.get(0).startsWith("-")) {
            throw new IllegalArgumentException(
                    "There is no command to run on host %s in %s.".formatted(host, remoteWords));
        }
        List<String> words = new ArrayList<>(List.of("ssh", "-T", "-x", "-a"));
        option(words, "BatchMode=yes");
        option(words, "ConnectTimeout=10");
        option(words, "ClearAllForwardings=yes"); // two connections cannot forward one port
        // Uses a connection that is open already, but leaves none open behind the job.
        option(words, "ControlMaster=no");
        options.configFile().ifPresent(file -> words.addAll(List.of("-F", file.toString())));
        options.identityFile().ifPresent(file -> words.addAll(List.of("-i", file.toString())));
        options.port().ifPresent(port -> words.addAll(List.of("-p", Integer.toString(port))));
        words.addAll(List.of("--", host, ShellWord.join(remoteWords)));
        return List.copyOf(words);
    }

    private static void option(List<String> words, String option) {
        words.add("-o");
        words.add(option);
    }
}
