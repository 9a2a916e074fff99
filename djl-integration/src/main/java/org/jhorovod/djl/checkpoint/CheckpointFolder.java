package org.jhorovod.djl.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [How a checkpoint is whole or not there]
 * Its files are written to a folder whose name begins with ".writing-", with their checksums last,
 * and each is forced to the disk; then the folder gets its name, in one rename, and the rename is
 * forced too. An old one is renamed to ".removed-" before its first file goes. So a name
 * "checkpoint-N" never stands for less than all of it, whenever a process or the machine ends.
 */
/** The checkpoints of one training, in one folder. Used by one process, and there by one thread. */
public final class CheckpointFolder {
    private static final Logger logger = LoggerFactory.getLogger(CheckpointFolder.class);

    static final String DESCRIPTION_FILE = "checkpoint.json";
    private static final String WRITING = ".writing-";
    private static final String REMOVED = ".removed-";
    private static final String PREFIX = "checkpoint-";
    private static final Pattern NAME = Pattern.compile(PREFIX + "\\d{10,18}");

    private final Path folder;

    /** Of the folder with this path, which need not be there. */
    public CheckpointFolder(Path folder) {
        this.folder = folder.toAbsolutePath();
    }

    /** What a checkpoint after so many steps is called. */
    public static String name(long step) {
        return PREFIX + "%010d".formatted(step);
    }

    /** Clears away what was begun and not finished, in a folder that is there. */
    public void prepare() throws IOException {
        Path parent = folder.getParent();
        if (parent != null) {
            Disk.forceNames(parent);
        }
        for (Path path : list()) {
            String name = String.valueOf(path.getFileName());
            if (name.startsWith(WRITING) || name.startsWith(REMOVED)) {
                delete(path);
            }
        }
    }

    /**
     * The newest checkpoint of which every byte is right. One that is not is named in a warning.
     *
     * @return empty if there is none at all
     * @throws CheckpointException if there are some, but none can be used
     */
    public Optional<Checkpoint> newest() throws IOException {
        List<Path> all = checkpoints();
        for (Path path : all) {
            try {
                return Optional.of(read(path));
            } catch (CheckpointException e) {
                logger.warn("{} is not used: {}.", path, e.getMessage());
            }
        }
        if (!all.isEmpty()) {
            throw new CheckpointException(
                    "None of the checkpoints in %s can be used (%d, from %s); the warnings before say why. Restore one, or name another folder to start anew."
                            .formatted(folder, all.size(), all.get(0).getFileName()));
        }
        return Optional.empty();
    }

    /** The newest first. */
    private List<Path> checkpoints() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path path : list()) {
            if (NAME.matcher(String.valueOf(path.getFileName())).matches()) {
                all.add(path);
            }
        }
        all.sort(Comparator.comparingLong(CheckpointFolder::stepOf).reversed());
        return all;
    }

    private List<Path> list() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static Checkpoint read(Path path) {
        List<String> names = new ArrayList<>();
        try {
            try (Stream<Path> files = Files.list(path)) {
                files.map(file -> String.valueOf(file.getFileName()))
                        .filter(name -> !name.equals(Checksums.FILE))
                        .sorted()
                        .forEach(names::add);
            }
            byte[] kept = Files.readAllBytes(path.resolve(Checksums.FILE));
            String found = Checksums.text(Checksums.of(path, names));
            requireSame(new String(kept, StandardCharsets.ISO_8859_1), found);
            String text = Files.readString(path.resolve(DESCRIPTION_FILE));
            return new Checkpoint(path, Description.decode(text));
        } catch (NoSuchFileException e) {
            throw new CheckpointException("its file %s is missing".formatted(fileName(e)), e);
        } catch (IOException e) {
            throw new CheckpointException("it cannot be read: " + e, e);
        }
    }

    private static String fileName(NoSuchFileException e) {
        return String.valueOf(Path.of(e.getFile()).getFileName());
    }

    private static void requireSame(String kept, String found) {
        if (kept.equals(found)) {
            return;
        }
        List<String> keptLines = kept.lines().toList();
        List<String> foundLines = found.lines().toList();
        for (int i = 0; i < foundLines.size() - 1; i++) {
            if (!keptLines.contains(foundLines.get(i))) {
                String name = foundLines.get(i).split(" ", 3)[2];
                throw new CheckpointException(
                        "its file %s is not what %s says".formatted(name, Checksums.FILE));
            }
        }
        throw new CheckpointException(
                "its file %s names other files than there are, or is damaged"
                        .formatted(Checksums.FILE));
    }

    /**
     * Writes a checkpoint; it is there whole when this returns, or not at all.
     *
     * @param files by name
     * @return its folder
     */
    public Path write(Description description, Map<String, SnapshotMemory> files)
            throws IOException {
        Path writing = folder.resolve(WRITING + name(description.step()));
        try {
            fill(writing, description, files);
            Path path = folder.resolve(name(description.step()));
            remove(path); // one of the same step that was refused
            Files.move(writing, path, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceNames(folder);
            return path;
        } finally {
            delete(writing); // of a full disk it would take what room is made
        }
    }

    private static void fill(
            Path writing, Description description, Map<String, SnapshotMemory> files)
            throws IOException {
        delete(writing);
        Files.createDirectory(writing);
        Map<String, Checksums.Sum> sums = new TreeMap<>();
        for (Map.Entry<String, SnapshotMemory> file : files.entrySet()) {
            sums.put(file.getKey(), write(writing.resolve(file.getKey()), file.getValue()));
        }
        sums.put(
                DESCRIPTION_FILE,
                write(writing.resolve(DESCRIPTION_FILE), memory(description.encode())));
        write(writing.resolve(Checksums.FILE), memory(Checksums.text(sums)));
        Disk.forceNames(writing);
    }

    private static SnapshotMemory memory(String text) {
        SnapshotMemory memory = new SnapshotMemory();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        memory.write(bytes, 0, bytes.length);
        return memory;
    }

    private static Checksums.Sum write(Path file, SnapshotMemory bytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Checksums.Sum sum = Checksums.write(bytes, channel);
            channel.force(true);
            return sum;
        }
    }

    /**
     * Removes all but the newest ones up to a step; later ones, which were refused, do not count.
     *
     * @param count how many stay
     * @param step of the one just written
     */
    public void keep(int count, long step) throws IOException {
        List<Path> all = new ArrayList<>(checkpoints());
        all.removeIf(path -> stepOf(path) > step);
        for (Path path : all.subList(Math.min(count, all.size()), all.size())) {
            remove(path);
        }
    }

    private static long stepOf(Path path) {
        return Long.parseLong(path.getFileName().toString().substring(PREFIX.length()));
    }

    private void remove(Path path) throws IOException {
        if (Files.exists(path)) {
            Path removed = folder.resolve(REMOVED + path.getFileName());
            delete(removed);
            Files.move(path, removed, StandardCopyOption.ATOMIC_MOVE);
            delete(removed);
        }
    }

    private static void delete(Path path) throws IOException {
        List<Path> all = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(path)) {
            paths.forEach(all::add);
        } catch (NoSuchFileException e) {
            return;
        }
        Collections.reverse(all); // files before their folders
        for (Path each : all) {
            Files.deleteIfExists(each);
        }
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
