package org.jhorovod.launcher.warmup;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Has DJL unpack its native libraries once, in a process of its own, if the program to come is a
 * {@code java} command whose class path asks for it and they are not there yet. A failure is told
 * and changes nothing: the ranks can still unpack them themselves.
 */
public final class WarmUp {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final String LOCK_FILE = "jhorovod-warm-up.lock";

    private final List<String> command;
    private final Path directory;
    private final Map<String, String> environment;
    private final Consumer<String> tell;
    private final Starter starter;

    /** Starts the process in a group that ends with the job. */
    public interface Starter {
        Process start(ProcessBuilder builder) throws IOException;
    }

    /**
     * Prepares a warm-up.
     *
     * @param command the program to come
     * @param directory where it will start
     * @param environment that it will have
     * @param tell takes what a person should know
     */
    public WarmUp(
            List<String> command,
            Path directory,
            Map<String, String> environment,
            Consumer<String> tell,
            Starter starter) {
        this.command = List.copyOf(command);
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        this.tell = tell;
        this.starter = starter;
    }

    /** Blocks until the libraries are there, or cannot be put there. */
    public void run() throws InterruptedException {
        try {
            Optional<JavaCommand> java = JavaCommand.parse(command, environment);
            if (java.isEmpty()) {
                return;
            }
            Optional<NativeLibraries> libraries =
                    NativeLibraries.find(
                            java.get().classPathFiles(directory),
                            environment,
                            java.get().properties());
            if (libraries.isPresent() && !libraries.get().areUnpacked()) {
                unpackAlone(java.get(), libraries.get());
            }
        } catch (IOException | RuntimeException e) {
            tell.accept("DJL's cache was not warmed (%s); the ranks start anyway".formatted(e));
        }
    }

    private void unpackAlone(JavaCommand java, NativeLibraries libraries)
            throws IOException, InterruptedException {
        Path lockFile = libraries.folder().resolveSibling(LOCK_FILE);
        Files.createDirectories(libraries.folder().getParent());
        try (FileChannel channel =
                        FileChannel.open(
                                lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            // Another job may have done it while this one waited.
            if (lock.isValid() && !libraries.areUnpacked()) {
                tell.accept("unpacking DJL's native libraries once into " + libraries.folder());
                unpack(java);
            }
        }
    }

    private void unpack(JavaCommand java) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("setsid", "--", java.java()));
        java.properties().forEach((name, value) -> words.add("-D" + name + "=" + value));
        words.addAll(List.of("-cp", java.classPath(), NativeLibraries.WARM_UP_CLASS));
        ProcessBuilder builder =
                new ProcessBuilder(words)
                        .directory(directory.toFile())
                        .redirectInput(new File("/dev/null"))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = starter.start(builder);
        if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            tell.accept(
                    "DJL's cache was not warmed within %s; the ranks start anyway"
                            .formatted(TIMEOUT));
        } else if (process.exitValue() != 0) {
            tell.accept(
                    "DJL's cache was not warmed (exit code %d); the ranks start anyway"
                            .formatted(process.exitValue()));
        }
    }
}
