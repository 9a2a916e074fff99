package org.jhorovod.launcher.agent;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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
        List<Entry> members = new ArrayList<>();
        if (groups.isEmpty()) {
            return members;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path folder : folders) {
                read(folder).filter(e -> e.isIn(groups)).ifPresent(members::add);
            }
        }
        return members;
    }

    private static Optional<Entry> read(Path folder) {
        try {
            byte[] stat = Files.readAllBytes(folder.resolve("stat"));
            return parse(new String(stat, StandardCharsets.ISO_8859_1));
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
        return Optional.of(
                new Entry(
                        Long.parseLong(stat.substring(0, open).strip()),
                        Long.parseLong(fields[2]),
                        Long.parseLong(fields[3])));
    }
}
