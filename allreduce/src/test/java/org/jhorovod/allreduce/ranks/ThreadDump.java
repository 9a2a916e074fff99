package org.jhorovod.allreduce.ranks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What each thread of another JVM does now, for messages. */
public final class ThreadDump {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private ThreadDump() {}

    /**
     * Asks a JVM, for some seconds at most.
     *
     * @param file for the answer; overwritten
     * @return why not, if there is no answer
     */
    public static String of(long pid, Path file) {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        try {
            Process dumper =
                    new ProcessBuilder(jcmd, Long.toString(pid), "Thread.print")
                            .redirectErrorStream(true)
                            .redirectOutput(file.toFile())
                            .start();
            if (!dumper.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                dumper.destroyForcibly();
            }
            return Files.readString(file);
        } catch (IOException e) {
            return "not available: " + e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "not available: " + e;
        }
    }
}
