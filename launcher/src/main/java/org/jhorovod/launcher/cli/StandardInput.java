package org.jhorovod.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The launcher's own standard input. */
final class StandardInput {
    private StandardInput() {}

    /**
     * The input to forward; empty if it is a terminal that belongs to another program now: to read
     * it then would stop the launcher.
     */
    static InputStream open() throws IOException {
        return Terminal.isBehind(Terminal.STANDARD_INPUT) && isInBackground()
                ? InputStream.nullInputStream()
                : new FileInputStream(FileDescriptor.in);
    }

    private static boolean isInBackground() throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of("/proc/self/stat"));
        String stat = new String(bytes, StandardCharsets.ISO_8859_1);
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        // state, ppid, group, session, terminal, group in the terminal's foreground
        return !fields[2].equals(fields[5]);
    }
}
