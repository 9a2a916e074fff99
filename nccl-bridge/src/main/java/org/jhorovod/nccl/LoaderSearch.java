package org.jhorovod.nccl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.config.Configuration;

/*
 * Note [Why we look before the loader does]
 * JNA's first use in a process unpacks a library and runs ldconfig, which takes a rank a fifth of
 * the time in which it meets the others. Where there is no NVIDIA driver that is for nothing. So we
 * look first, wherever the loader and JNA would, and leave the rest to them where in doubt.
 */
/** Where the dynamic loader looks for a library. Loads nothing. */
final class LoaderSearch {
    private static final Path CACHE = Path.of("/etc/ld.so.cache");
    private static final Path MAPPED = Path.of("/proc/self/maps");
    private static final List<Path> BUILT_IN =
            List.of(
                    Path.of("/lib/x86_64-linux-gnu"),
                    Path.of("/usr/lib/x86_64-linux-gnu"),
                    Path.of("/lib64"),
                    Path.of("/usr/lib64"),
                    Path.of("/lib"),
                    Path.of("/usr/lib"));

    private final List<Path> folders;
    private final Path cache;
    private final Path mapped;

    /**
     * Looks in the given places.
     *
     * @param cache names all libraries in the folders that the system's administrator has
     *     configured
     * @param mapped names the files that this process has loaded
     */
    LoaderSearch(List<Path> folders, Path cache, Path mapped) {
        this.folders = List.copyOf(folders);
        this.cache = cache;
        this.mapped = mapped;
    }

    /** In the places of this system and process. */
    static LoaderSearch of(Configuration configuration) {
        List<Path> folders = new ArrayList<>(configuration.libraryFolders());
        folders.addAll(BUILT_IN);
        return new LoaderSearch(folders, CACHE, MAPPED);
    }

    /**
     * Whether the loader may find a library, in doubt too.
     *
     * @param name with its version, such as {@code libcuda.so.1}
     */
    boolean mayFind(String name) {
        for (Path folder : folders) {
            if (Files.exists(folder.resolve(name))) {
                return true;
            }
        }
        // One that is loaded already has this name inside, but perhaps another on the disk.
        String stem = name.substring(0, name.indexOf(".so"));
        return mayContain(cache, name) || mayContain(mapped, "/" + stem);
    }

    private static boolean mayContain(Path file, String text) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            return true;
        }
    }
}
