package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files that options name. */
final class InputFile {
    private InputFile() {}

    /**
     * Reads the lines of a file; bytes that are no UTF-8 become the replacement character.
     *
     * @throws UsageException naming the option, if it cannot be read
     */
    static List<String> lines(String option, String name) {
        Path file = requireReadable(option, name);
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UsageException(
                    "%s '%s' cannot be read: %s".formatted(option, name, FileFault.of(e)));
        }
    }

    /**
     * Checks that a file can be read.
     *
     * @throws UsageException naming the option, if it cannot
     */
    static Path requireReadable(String option, String name) {
        Path file = Path.of(name);
        String fault =
                name.isBlank()
                        ? "needs the name of a file"
                        : !Files.exists(file)
                                ? "does not exist"
                                : Files.isDirectory(file)
                                        ? "is a folder, not a file"
                                        : Files.isReadable(file) ? "" : "may not be read";
        if (!fault.isEmpty()) {
            throw new UsageException("%s '%s' %s".formatted(option, name, fault));
        }
        return file;
    }
}
