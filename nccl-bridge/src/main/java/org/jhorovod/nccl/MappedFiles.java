package org.jhorovod.nccl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files that this process has mapped, which tell what libraries it has loaded, whoever did so.
 *
 * @param mappings in the order of their addresses
 */
record MappedFiles(List<Mapping> mappings) {
    private static final Path OF_THIS_PROCESS = Path.of("/proc/self/maps");
    private static final int HEXADECIMAL = 16;
    // Address range, rights, offset, device, inode, and then the path, which may hold blanks.
    private static final Pattern LINE =
            Pattern.compile("^(\\p{XDigit}+)-(\\p{XDigit}+)\\s+(?:\\S+\\s+){4}(/.+)$");

    /** A part of a file in memory, from {@code start} to before {@code end}. */
    record Mapping(long start, long end, Path path) {}

    /** Those of now; none where the system does not tell. */
    static MappedFiles ofThisProcess() {
        try {
            // Names of files are bytes, which need not be UTF-8.
            byte[] bytes = Files.readAllBytes(OF_THIS_PROCESS);
            return parse(new String(bytes, StandardCharsets.UTF_8).lines());
        } catch (IOException e) {
            return new MappedFiles(List.of());
        }
    }

    /** Reads lines in the format of {@code /proc/PID/maps}. */
    static MappedFiles parse(Stream<String> lines) {
        return new MappedFiles(
                lines.map(LINE::matcher)
                        .filter(Matcher::matches)
                        .flatMap(match -> mapping(match).stream())
                        .toList());
    }

    /** Empty where the process's locale has no letters for the file's name. */
    private static Optional<Mapping> mapping(Matcher match) {
        try {
            return Optional.of(
                    new Mapping(
                            Long.parseUnsignedLong(match.group(1), HEXADECIMAL),
                            Long.parseUnsignedLong(match.group(2), HEXADECIMAL),
                            Path.of(match.group(3))));
        } catch (NumberFormatException | InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** The first file whose name matches. */
    Optional<Path> find(Pattern fileName) {
        return mappings.stream()
                .map(Mapping::path)
                .filter(path -> fileName.matcher(path.getFileName().toString()).matches())
                .findFirst();
    }

    /** The file in which an address lies. */
    Optional<Path> at(long address) {
        return mappings.stream()
                .filter(mapping -> mapping.start() <= address && address < mapping.end())
                .map(Mapping::path)
                .findFirst();
    }
}
