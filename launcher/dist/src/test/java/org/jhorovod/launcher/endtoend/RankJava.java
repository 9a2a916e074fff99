package org.jhorovod.launcher.endtoend;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs of jhorovodrun whose ranks are Java programs on the distribution's class path. */
final class RankJava {
    private RankJava() {}

    /** A run of a class among these tests. */
    static Jhorovodrun.Builder of(int ranks, Class<?> program, String... arguments) {
        return of(ranks, "", program.getName(), arguments);
    }

    /** A run of a class whose folder is put before the class path. */
    static Jhorovodrun.Builder of(int ranks, Path folder, String mainClass, String... arguments) {
        return of(ranks, folder + ":", mainClass, arguments);
    }

    private static Jhorovodrun.Builder of(
            int ranks, String first, String mainClass, String... arguments) {
        List<String> command = new ArrayList<>(List.of("-np", String.valueOf(ranks)));
        command.addAll(command(first, mainClass, arguments));
        return Jhorovodrun.of(command.toArray(new String[0]));
    }

    /**
     * The words of a rank's program.
     *
     * @param first what comes before the class path
     */
    static List<String> command(String first, String mainClass, String... arguments) {
        String tests = Path.of("target/test-classes").toAbsolutePath().toString();
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Xmx512m",
                                "-XX:TieredStopAtLevel=1", // starts sooner
                                "-Dai.djl.offline=true",
                                "-cp",
                                first + tests + ":" + Jhorovodrun.DISTRIBUTION + "/lib/*",
                                mainClass));
        command.addAll(Arrays.asList(arguments));
        return command;
    }
}
