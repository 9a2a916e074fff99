package org.jhorovod.launcher.output;

import com.google.common.base.Strings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
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
    private final int size;
    private final int digits;
    private final Map<Path, OutputStream> open = new HashMap<>();
    private boolean hasBegun;

    private RankFiles(Path folder, int size) {
        this.folder = folder;
        this.size = size;
        this.digits = Integer.toString(size - 1).length();
    }

    /**
     * Creates the folder. The files of an earlier job stay until a rank of this one has run: it may
     * well be refused before.
     *
     * @param size how many ranks the job has
     * @throws IOException naming the folder that cannot be created or written
     */
    public static RankFiles prepare(Path folder, int size) throws IOException {
        createFolder(folder);
        if (!Files.isWritable(folder)) {
            throw new AccessDeniedException(folder.toString());
        }
        return new RankFiles(folder, size);
    }

    /**
     * Creates an empty pair of files for each rank; those of an earlier job are removed. Does
     * nothing the second time.
     *
     * @throws IOException naming the file that cannot be created
     */
    void begin() throws IOException {
        if (hasBegun) {
            return;
        }
        hasBegun = true;
        removeOld(folder);
        for (int rank = 0; rank < size; rank++) {
            for (Stream stream : Stream.values()) {
                Path file = path(rank, stream);
                createFolder(file.resolveSibling(""));
                Files.write(file, new byte[0]);
            }
        }
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
        begin();
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
        begin();
        for (Stream stream : Stream.values()) {
            OutputStream target = open.remove(path(rank, stream));
            if (target != null) {
                target.close();
            }
        }
    }
}
