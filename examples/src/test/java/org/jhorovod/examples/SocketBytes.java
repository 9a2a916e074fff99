package org.jhorovod.examples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What this process has sent over its open TCP connections, as Linux counts it at the sockets. */
final class SocketBytes {
    /** Of Debian's package iproute2. */
    static final Path PROGRAM = Path.of("/usr/bin/ss");

    private static final Pattern SENT = Pattern.compile(" bytes_sent:(\\d+) ");

    private SocketBytes() {}

    static boolean isCounted() {
        return Files.isExecutable(PROGRAM);
    }

    /** Payload alone, without the headers of TCP. */
    static long sent() throws IOException {
        Process process =
                new ProcessBuilder(PROGRAM.toString(), "--tcp", "-inpOH")
                        .redirectErrorStream(true)
                        .start();
        String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String own = "pid=%d,".formatted(ProcessHandle.current().pid());
        return all.lines().filter(line -> line.contains(own)).mapToLong(SocketBytes::sent).sum();
    }

    private static long sent(String line) {
        Matcher sent = SENT.matcher(line);
        return sent.find() ? Long.parseLong(sent.group(1)) : 0;
    }
}
