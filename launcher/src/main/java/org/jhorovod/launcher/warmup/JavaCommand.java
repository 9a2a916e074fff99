package org.jhorovod.launcher.warmup;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a {@code java ...} command line says about the JVM to come.
 *
 * @param java the command
 * @param classPath as it was written
 * @param properties what {@code -D} sets
 */
record JavaCommand(String java, String classPath, Map<String, String> properties) {
    private static final Set<String> CLASS_PATH_OPTIONS =
            Set.of("-cp", "-classpath", "--class-path");
    // Options whose value is the next word.
    private static final Set<String> OPTIONS_WITH_VALUE =
            Set.of(
                    "-p",
                    "--module-path",
                    "--upgrade-module-path",
                    "--add-modules",
                    "--enable-native-access",
                    "--limit-modules",
                    "--add-reads",
                    "--add-exports",
                    "--add-opens",
                    "--patch-module",
                    "--source");
    private static final String LONG_CLASS_PATH = "--class-path=";

    /**
     * Reads a command line.
     *
     * @param environment of the program, for {@code CLASSPATH}
     * @return empty if it starts no {@code java}
     */
    static Optional<JavaCommand> parse(List<String> command, Map<String, String> environment) {
        Path program = Path.of(command.get(0)).getFileName();
        if (program == null || !program.toString().equals("java")) {
            return Optional.empty();
        }
        String classPath = environment.getOrDefault("CLASSPATH", ".");
        Map<String, String> properties = new HashMap<>();
        for (int i = 1; i < command.size(); i++) {
            String word = command.get(i);
            String next = i + 1 < command.size() ? command.get(i + 1) : "";
            if (CLASS_PATH_OPTIONS.contains(word)) {
                classPath = next;
                i++;
            } else if (word.startsWith(LONG_CLASS_PATH)) {
                classPath = word.substring(LONG_CLASS_PATH.length());
            } else if (word.equals("-jar")) {
                classPath = next;
                break;
            } else if (OPTIONS_WITH_VALUE.contains(word)) {
                i++;
            } else if (word.startsWith("-D")) {
                String[] pair = word.substring(2).split("=", 2);
                properties.put(pair[0], pair.length == 2 ? pair[1] : "");
            } else if (!word.startsWith("-") && !word.startsWith("@")) {
                break; // the main class: what follows is the program's
            }
        }
        return Optional.of(new JavaCommand(command.get(0), classPath, Map.copyOf(properties)));
    }

    /** The class path's files, with each {@code folder/*} expanded as the JVM does. */
    List<Path> classPathFiles(Path directory) {
        List<Path> files = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            if (entry.equals("*") || entry.endsWith("/*")) {
                String folder = entry.substring(0, entry.length() - 1);
                files.addAll(jarsIn(directory.resolve(folder)));
            } else {
                files.add(directory.resolve(entry));
            }
        }
        return files;
    }

    private static List<Path> jarsIn(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().matches(".*\\.(jar|JAR)")).toList();
        } catch (IOException e) {
            return List.of(); // the JVM leaves out what it cannot list, too
        }
    }
}
