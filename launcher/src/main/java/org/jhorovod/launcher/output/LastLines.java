package org.jhorovod.launcher.output;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The last lines that one rank wrote. Not safe for use by several threads. */
final class LastLines {
    private static final int MAX_LINES = 20;
    private static final int MAX_CHARS = 400;

    private final Deque<String> lines = new ArrayDeque<>();
    private final StringBuilder open = new StringBuilder();

    void add(byte[] bytes, LineSplitter.Ending ending) {
        if (open.length() <= MAX_CHARS) {
            open.append(new String(bytes, StandardCharsets.UTF_8));
        }
        if (ending == LineSplitter.Ending.NONE) {
            return;
        }
        String line = open.toString();
        open.setLength(0);
        // What a progress bar overwrites is of no use afterwards.
        if (ending == LineSplitter.Ending.RETURN || line.isBlank()) {
            return;
        }
        lines.addLast(line.length() > MAX_CHARS ? line.substring(0, MAX_CHARS) + "..." : line);
        if (lines.size() > MAX_LINES) {
            lines.removeFirst();
        }
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
