package org.jhorovod.nccl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files that this process has mapped, which tell what libraries it has loaded, whoever did so.
 *
 * @param paths absolute, each once
 */
record MappedFiles(List<Path> paths) {
    private static final Path OF_THIS_PROCESS = Path.of("/proc/self/maps");
    // Address range, rights, offset, device, inode, and then the path, which may hold blanks.
    private static final Pattern LINE = Pattern.compile("^(?:\\S+\\s+){5}(/.*)$");

    /** Those of now; none where the system does not tell. */
    static MappedFiles ofThisProcess() {
        try (Stream<String> lines = Files.lines(OF_THIS_PROCESS)) {
            return parse(lines);
        } catch (IOException e) {
            return new MappedFiles(List.of());
        }
    }

    /** Reads lines in the format of {@code /proc/PID/maps}. */
    static MappedFiles parse(Stream<String> lines) {
        return new MappedFiles(
                lines.map(LINE::matcher)
                        .filter(matcher -> matcher.matches())
                        .map(matcher -> Path.of(matcher.group(1)))
                        .distinct()
                        .toList());
    }

    /** The first whose file name matches. */
    Optional<Path> find(Pattern fileName) {
        return paths.stream()
                .filter(path -> fileName.matcher(path.getFileName().toString()).matches())
                .findFirst();
    }
}
