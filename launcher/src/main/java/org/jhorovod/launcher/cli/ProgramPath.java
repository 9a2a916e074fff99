package org.jhorovod.launcher.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jhorovod.launcher.tool.SearchPath;

/** Finds programs as a shell does. */
final class ProgramPath {
    private ProgramPath() {}

    /**
     * Checks what is wrong on every host: a name that looks like an option.
     *
     * @throws UsageException if it does
     */
    static void requireName(String program) {
        if (program.startsWith("-")) {
            throw new UsageException("'%s' is no program".formatted(program));
        }
    }

    /**
     * Checks that a program can be started from here.
     *
     * @throws UsageException if it is not there or not executable
     */
    static void requireExecutable(String program) {
        boolean hasFolder = program.contains("/");
        boolean isFound = hasFolder ? SearchPath.isExecutable(Path.of(program)) : isOnPath(program);
        if (!isFound) {
            String reason =
                    !hasFolder
                            ? "is not on the PATH"
                            : Files.exists(Path.of(program))
                                    ? "is not an executable file"
                                    : "does not exist";
            throw new UsageException("the program '%s' %s".formatted(program, reason));
        }
    }

    /** Whether the PATH has a program of this name. */
    static boolean isOnPath(String program) {
        String path = System.getenv("PATH");
        return path != null && new SearchPath(path).find(program).isPresent();
    }
}
