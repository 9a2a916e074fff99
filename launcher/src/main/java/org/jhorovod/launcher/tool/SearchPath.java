package org.jhorovod.launcher.tool;

import com.google.common.base.Splitter;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where programs are looked for.
 *
 * @param folders as in the variable PATH
 */
public record SearchPath(String folders) {

    /** Finds a program as a shell does. */
    public Optional<Path> find(String program) {
        return Splitter.on(File.pathSeparatorChar)
                .splitToStream(folders)
                .map(folder -> Path.of(folder, program))
                .filter(SearchPath::isExecutable)
                .findFirst();
    }

    /** Whether a file, and not a folder, may be executed. */
    public static boolean isExecutable(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file);
    }
}
