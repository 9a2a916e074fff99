package org.jhorovod.launcher.output;

import com.google.common.base.Strings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jhorovod.launcher.agent.AgentEvent.Stream;

/**
 * What each rank writes, byte for byte, in {@code rank.N/stdout} and {@code rank.N/stderr} below a
 * folder, where all N have the same number of digits. Not safe for use by several threads.
 */
public final class RankFiles {
    private static final String PREFIX = "rank.";
    private static final Pattern OF_RANK = Pattern.compile("rank\\.[0-9]+");

    private final Path folder;
    private final int digits;
    private final Map<Path, OutputStream> open = new HashMap<>();

    private RankFiles(Path folder, int digits) {
        this.folder = folder;
        this.digits = digits;
    }

    /**
     * Creates the folder and an empty pair of files for each rank; those of an earlier job there
     * are removed.
     *
     * @param size how many ranks the job has
     * @throws IOException naming the file that cannot be created
     */
    public static RankFiles create(Path folder, int size) throws IOException {
        RankFiles files = new RankFiles(folder, Integer.toString(size - 1).length());
        createFolder(folder);
        removeOld(folder);
        for (int rank = 0; rank < size; rank++) {
            for (Stream stream : Stream.values()) {
                Path file = files.path(rank, stream);
                createFolder(file.resolveSibling(""));
                Files.write(file, new byte[0]);
            }
        }
        return files;
    }

    private static void createFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) { // which may be behind a link
            Files.createDirectories(folder);
        }
    }

    /** What an earlier job with more ranks has left would look like a part of this one. */
    private static void removeOld(Path folder) throws IOException {
        try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, RankFiles::isOfRank)) {
            for (Path rankFolder : old) {
                for (Stream stream : Stream.values()) {
                    Files.deleteIfExists(rankFolder.resolve(name(stream)));
                }
                if (isEmpty(rankFolder)) {
                    Files.delete(rankFolder);
                }
            }
        }
    }

    private static boolean isOfRank(Path path) {
        return OF_RANK.matcher(path.getFileName().toString()).matches()
                && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (DirectoryStream<Path> content = Files.newDirectoryStream(folder)) {
            return !content.iterator().hasNext();
        }
    }

    private static String name(Stream stream) {
        return stream == Stream.STDOUT ? "stdout" : "stderr";
    }

    /** Where a rank's stream goes. */
    Path path(int rank, Stream stream) {
        String number = Strings.padStart(Integer.toString(rank), digits, '0');
        return folder.resolve(PREFIX + number).resolve(name(stream));
    }

    /** Appends what a rank wrote. */
    void write(int rank, Stream stream, byte[] bytes) throws IOException {
        Path file = path(rank, stream);
        try {
            OutputStream target = open.get(file);
            if (target == null) {
                target = Files.newOutputStream(file, StandardOpenOption.APPEND);
                open.put(file, target);
            }
            target.write(bytes);
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Closes a rank's files; a process that it left behind may still write, which opens them. */
    void end(int rank) throws IOException {
        for (Stream stream : Stream.values()) {
            OutputStream target = open.remove(path(rank, stream));
            if (target != null) {
                target.close();
            }
        }
    }
}
