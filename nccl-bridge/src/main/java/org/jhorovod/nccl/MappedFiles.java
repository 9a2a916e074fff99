package org.jhorovod.nccl;

import java.io.IOException;
import java.nio.file.Files;
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
            Pattern.compile("^(\\p{XDigit}+)-(\\p{XDigit}+)\\s+(?:\\S+\\s+){4}(/.*)$");

    /** A part of a file in memory, from {@code start} to before {@code end}. */
    record Mapping(long start, long end, Path path) {}

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
                        .filter(Matcher::matches)
                        .map(
                                match ->
                                        new Mapping(
                                                Long.parseUnsignedLong(match.group(1), HEXADECIMAL),
                                                Long.parseUnsignedLong(match.group(2), HEXADECIMAL),
                                                Path.of(match.group(3))))
                        .toList());
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
