package org.jhorovod.launcher.spark;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program with a cluster of its own, in a JVM of its own. Spark's home has Spark's jars, as a
 * distribution of it has; all others go to the executors the way of {@code spark.jars}.
 */
final class SparkApplication implements AutoCloseable {
    private final Path folder;
    private final Process process;

    private SparkApplication(Path folder, Process process) {
        this.folder = folder;
        this.process = process;
    }

    /**
     * Starts it.
     *
     * @param folder for its home and its output; deleted at the end
     */
    static SparkApplication start(Path folder, String mainClass, String... arguments)
            throws IOException {
        Path jars = Files.createDirectories(folder.resolve("home/jars"));
        List<String> own = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (entry.endsWith(".jar") && isOfApplication(path)) {
                own.add(path.toUri().toString());
            } else if (entry.endsWith(".jar")) {
                Path link = jars.resolve(path.getFileName());
                Files.deleteIfExists(link); // the class path may name a jar twice
                Files.createSymbolicLink(link, path.toAbsolutePath());
            }
        }
        own.add(Path.of(System.getProperty("jhorovod.test.sparkJar")).toUri().toString());
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(System.getProperty("jhorovod.test.sparkOpens").split(" ", -1)));
        command.addAll(List.of("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add("-Dai.djl.offline=true");
        command.add("-Dspark.jars=" + String.join(",", own));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("output").toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
        environment.put("SPARK_HOME", folder.resolve("home").toString());
        environment.put("SPARK_SCALA_VERSION", System.getProperty("jhorovod.test.sparkScala"));
        environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        environment.put("OMP_NUM_THREADS", "1");
        environment.put("OPT_OUT_TRACKING", "true");
        return new SparkApplication(folder, builder.start());
    }

    /** JHorovod, DJL, and what it brings. */
    private static boolean isOfApplication(Path jar) {
        String path = jar.toString();
        return path.contains("jhorovod-")
                || path.contains("/ai/djl/")
                || path.contains("/net/java/dev/jna/")
                || path.contains("/com/google/code/gson/");
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits until it has ended by itself; false if it has not in time. */
    boolean hasEndedWithin(long seconds) throws InterruptedException {
        return process.waitFor(seconds, TimeUnit.SECONDS);
    }

    int exitCode() {
        return process.exitValue();
    }

    String output() throws IOException {
        return Files.readString(folder.resolve("output"));
    }

    /** Ends what is left. */
    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
}
