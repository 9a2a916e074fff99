package org.jhorovod.launcher.agent;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jhorovod.allreduce.config.Settings;

/** The processes of this host, as /proc tells them. */
final class ProcessTable {
    private static final Path PROC = Path.of("/proc");

    /**
     * One process.
     *
     * @param pid its number
     * @param group the number of its process group
     * @param session the number of its session
     */
    record Entry(long pid, long group, long session) {
        private boolean isIn(Set<Long> groups) {
            return groups.contains(group) || groups.contains(session) || groups.contains(pid);
        }
    }

    private ProcessTable() {}

    /**
     * All living processes that belong to one of these groups or sessions, or that will lead one as
     * soon as their {@code setsid} takes effect; zombies are not alive.
     */
    static List<Entry> membersOf(Set<Long> groups) throws IOException {
        return groups.isEmpty() ? List.of() : select((folder, entry) -> entry.isIn(groups));
    }

    /**
     * The same, and all that have the secret of this folder in their environment, as every process
     * of a rank has, even one that has left the rank's session.
     */
    static List<Entry> membersOf(Set<Long> groups, Path secretFolder) throws IOException {
        String variable = Settings.SECRET_FILE.environmentName() + "=" + secretFolder + "/";
        // Every byte one letter, as the environment is read.
        String wanted = decode(variable.getBytes(StandardCharsets.UTF_8));
        return select((folder, entry) -> entry.isIn(groups) || hasVariable(folder, wanted));
    }

    private static List<Entry> select(BiPredicate<Path, Entry> isWanted) throws IOException {
        List<Entry> members = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path folder : folders) {
                read(folder).filter(e -> isWanted.test(folder, e)).ifPresent(members::add);
            }
        }
        return members;
    }

    private static boolean hasVariable(Path folder, String start) {
        try {
            return Splitter.on('\0')
                    .splitToStream(decode(Files.readAllBytes(folder.resolve("environ"))))
                    .anyMatch(variable -> variable.startsWith(start));
        } catch (IOException e) {
            return false; // somebody else's, or it ended while we looked
        }
    }

    private static String decode(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static Optional<Entry> read(Path folder) {
        try {
            return parse(decode(Files.readAllBytes(folder.resolve("stat"))));
        } catch (IOException e) {
            return Optional.empty(); // it ended while we looked
        }
    }

    /** Reads a line of /proc/PID/stat: {@code pid (name) state ppid group session ...}. */
    static Optional<Entry> parse(String stat) {
        int open = stat.indexOf('(');
        int close = stat.lastIndexOf(')'); // the name may hold brackets and blanks itself
        if (open < 1 || close < open) {
            return Optional.empty();
        }
        String[] fields = stat.substring(close + 1).strip().split(" ", -1);
        if (fields.length < 4 || fields[0].equals("Z") || fields[0].equals("X")) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Entry(
                            Long.parseLong(stat.substring(0, open).strip()),
                            Long.parseLong(fields[2]),
                            Long.parseLong(fields[3])));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
