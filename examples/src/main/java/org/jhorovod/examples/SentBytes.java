package org.jhorovod.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** What this host has sent over its networks, as Linux counts it. */
final class SentBytes {
    private static final Path COUNTS = Path.of("/proc/self/net/dev");
    private static final int SENT = 8; // the ninth number behind a device's name

    private SentBytes() {}

    /** Since it was started, over all devices but the loopback; empty where nobody counts. */
    static OptionalLong now() {
        try {
            return OptionalLong.of(of(Files.readAllLines(COUNTS)));
        } catch (IOException | IllegalArgumentException e) {
            return OptionalLong.empty(); // another system, or one that hides it
        }
    }

    /** The same of the lines of such a file, of which the first two are a heading. */
    static long of(List<String> lines) {
        return lines.stream()
                .skip(2)
                .map(line -> line.strip().split("[:\\s]+"))
                .filter(words -> !words[0].equals("lo"))
                .mapToLong(words -> Long.parseLong(words[1 + SENT]))
                .sum();
    }
}
