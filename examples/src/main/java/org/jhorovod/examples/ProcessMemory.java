package org.jhorovod.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory of this process is resident, as Linux counts it: of heap, libraries and native
 * memory. Memory that processes share counts in each that has touched it.
 *
 * @param residentMib now
 * @param peakMib the most so far
 */
record ProcessMemory(double residentMib, double peakMib) {
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Of this process, now. */
    static ProcessMemory read() {
        try {
            return of(Files.readString(STATUS));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From what Linux writes into a status file. */
    static ProcessMemory of(String status) {
        return new ProcessMemory(mib(status, "VmRSS"), mib(status, "VmHWM"));
    }

    private static double mib(String status, String name) {
        Matcher line =
                Pattern.compile("^" + name + ":\\s+(\\d+) kB$", Pattern.MULTILINE).matcher(status);
        if (!line.find()) {
            throw new IllegalStateException(
                    "%s has no line %s, by which memory is measured. Mount /proc."
                            .formatted(STATUS, name));
        }
        return Long.parseLong(line.group(1)) / 1024.0;
    }
}
