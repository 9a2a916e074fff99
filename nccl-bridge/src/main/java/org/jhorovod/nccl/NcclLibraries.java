package org.jhorovod.nccl;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.javacpp.Loader;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jspecify.annotations.Nullable;

/*
 * Note [How the bindings get our libraries]
 * The bindings' native halves ask the dynamic loader for libcuda.so.1, libcudart.so.12 and
 * libnccl.so.2, and search for these by themselves: which copy they find depends on the machine.
 * PyTorch's libtorch_cuda.so holds an NCCL and exports it, but under its own name; its cudart may
 * bear another name too. So we load the libraries that we mean, and teach the loader to know them
 * by the names wanted: in a folder of ours lie symbolic links of those names, beside copies of the
 * bindings' native halves, which look into their own folder first ($ORIGIN). The loader follows the
 * links to files that it has loaded already, and from then on knows these by the link's name as
 * well. When the bindings then load their own copies, everything they ask for is there.
 */
/** Finds CUDA's runtime and NCCL, loads them, and then the bindings upon them. */
final class NcclLibraries {
    private static final String DRIVER = "libcuda.so.1";
    private static final String RUNTIME = "libcudart.so.12";
    private static final String NCCL = "libnccl.so.2";
    private static final Pattern LOADED_RUNTIME = Pattern.compile("libcudart.*\\.so\\.12.*");
    private static final Pattern LOADED_NCCL =
            Pattern.compile("libtorch_cuda\\.so|libnccl.*\\.so\\.2.*");
    // The first whose configuration of communicators is as long as CommunicatorConfig says.
    private static final NcclVersion OLDEST = new NcclVersion(21_800);
    // NCCL's last.
    private static final List<String> BINDINGS = List.of("libjnicudart.so", "libjninccl.so");
    private static final String ADVICE =
            "Use DJL's PyTorch for CUDA 12, install NVIDIA's packages, or set"
                    + " JHOROVOD_NCCL_LIBRARIES";

    /** What the bridge calls; an NCCL that lacks one is too old. */
    static final List<String> NEEDED_FUNCTIONS =
            List.of(
                    "ncclGetVersion",
                    "ncclGetUniqueId",
                    "ncclGetErrorString",
                    "ncclGetLastError",
                    "ncclCommInitRankConfig",
                    "ncclCommGetAsyncError",
                    "ncclCommFinalize",
                    "ncclCommDestroy",
                    "ncclCommAbort",
                    "ncclGroupStart",
                    "ncclGroupEnd",
                    "ncclAllReduce",
                    "ncclRedOpCreatePreMulSum",
                    "ncclRedOpDestroy",
                    "ncclBroadcast",
                    "ncclAllGather");

    private final NcclVersion version;
    private final String origin;
    private final SharedLibrary library;
    private final Optional<String> passedOver;

    private NcclLibraries(
            NcclVersion version,
            String origin,
            SharedLibrary library,
            Optional<String> passedOver) {
        this.version = version;
        this.origin = origin;
        this.library = library;
        this.passedOver = passedOver;
    }

    /**
     * Loads what is there; the second time in a process finds the same.
     *
     * @throws NcclUnavailableException if something is missing or too old
     */
    static NcclLibraries load(Configuration configuration) throws NcclUnavailableException {
        Optional<String> given = configuration.find(Settings.NCCL_LIBRARIES);
        Optional<Path> folder =
                given.isPresent() ? Optional.of(Path.of(given.get())) : Optional.empty();
        List<SharedLibrary> held = new ArrayList<>();
        try {
            held.add(loadDriver(folder, LoaderSearch.of(configuration)));
            if (folder.isEmpty()) {
                DjlEngine.loadIfThere();
            }
            return load(folder, configuration.temporaryFolder(), held);
        } finally {
            // From here on the bindings hold them.
            Reference.reachabilityFence(held);
        }
    }

    private static NcclLibraries load(
            Optional<Path> folder, Path temporaryFolder, List<SharedLibrary> held)
            throws NcclUnavailableException {
        Place runtimePlace = place(folder, RUNTIME, LOADED_RUNTIME);
        Place ncclPlace = place(folder, NCCL, LOADED_NCCL);
        held.add(runtimePlace.load("CUDA's runtime"));
        SharedLibrary found = ncclPlace.load("NCCL");
        held.add(found);
        requireFunctions(found, ncclPlace.name);
        SharedLibrary bound = loadBindings(temporaryFolder, held, runtimePlace, ncclPlace);
        // Not always the one found: LD_LIBRARY_PATH, or who loaded an NCCL before us, comes first.
        String origin =
                MappedFiles.ofThisProcess()
                        .at(bound.addressOf(NEEDED_FUNCTIONS.get(0)))
                        .map(Path::toString)
                        .orElse(ncclPlace.name);
        requireFunctions(bound, origin);
        int[] code = new int[1];
        NcclException.check(nccl.ncclGetVersion(code), "ncclGetVersion");
        NcclVersion version = new NcclVersion(code[0]);
        if (version.compareTo(OLDEST) < 0) {
            throw new NcclUnavailableException(
                    "NCCL %s from %s is too old, %s is the oldest that will do. %s."
                            .formatted(version, origin, OLDEST, ADVICE));
        }
        Optional<String> passedOver =
                folder.isPresent() ? passedOver(ncclPlace, version, origin) : Optional.empty();
        return new NcclLibraries(version, origin, bound, passedOver);
    }

    /** That the library which the setting names is not the one in use, if so. */
    private static Optional<String> passedOver(Place named, NcclVersion version, String origin) {
        try {
            if (named.path == null || named.path.toRealPath().toString().equals(origin)) {
                return Optional.empty();
            }
        } catch (IOException e) {
            return Optional.empty(); // it was loaded a moment ago, and now cannot be looked at
        }
        return Optional.of(
                "%s names %s, but NCCL %s from %s is used: something else in the process, such as PyTorch, had loaded that before, and the system takes one library of a name. Start the ranks with LD_PRELOAD=%s to have the one that you name, or unset %s"
                        .formatted(
                                Settings.NCCL_LIBRARIES.environmentName(),
                                named.path,
                                version,
                                origin,
                                named.path,
                                Settings.NCCL_LIBRARIES.environmentName()));
    }

    private static void requireFunctions(SharedLibrary library, String name)
            throws NcclUnavailableException {
        List<String> missing = library.missing(NEEDED_FUNCTIONS);
        if (!missing.isEmpty()) {
            throw new NcclUnavailableException(
                    "%s has no %s. %s.".formatted(name, String.join(", ", missing), ADVICE));
        }
    }

    /** The version that all ranks must share. */
    NcclVersion version() {
        return version;
    }

    /** The file that NCCL comes from. */
    String origin() {
        return origin;
    }

    /** What to tell a person if NCCL is not the one that was asked for. */
    Optional<String> passedOver() {
        return passedOver;
    }

    /** Whether this NCCL has a function that older ones do not have. */
    boolean has(String function) {
        return library.has(function);
    }

    /** What reports call it; a double says so wherever its name appears. */
    String describe() {
        return "nccl " + version + (library.isDouble() ? " (test double, no GPU)" : "");
    }

    private static SharedLibrary loadDriver(Optional<Path> folder, LoaderSearch search)
            throws NcclUnavailableException {
        boolean isGiven = folder.isPresent() && Files.exists(folder.get().resolve(DRIVER));
        if (!isGiven && !search.mayFind(DRIVER)) {
            throw noDriver(DRIVER + " is in no folder of the system's libraries");
        }
        try {
            return SharedLibrary.load(isGiven ? folder.get().resolve(DRIVER).toString() : DRIVER);
        } catch (NcclUnavailableException e) {
            throw noDriver(String.valueOf(e.getMessage()));
        }
    }

    private static NcclUnavailableException noDriver(String why) {
        return new NcclUnavailableException(
                "there is no NVIDIA driver ("
                        + why
                        + "). Install it, and give the container its GPUs.");
    }

    /**
     * A library to load.
     *
     * @param name what the loader is asked for
     * @param wanted the name by which the bindings ask
     * @param path its file, null if the loader searches for it
     */
    private record Place(String name, String wanted, @Nullable Path path) {

        SharedLibrary load(String what) throws NcclUnavailableException {
            try {
                return SharedLibrary.load(name);
            } catch (NcclUnavailableException e) {
                throw new NcclUnavailableException(
                        "%s is missing: %s. %s.".formatted(what, e.getMessage(), ADVICE));
            }
        }
    }

    private static Place place(Optional<Path> folder, String wanted, Pattern loaded) {
        if (folder.isPresent()) {
            Path path = folder.get().resolve(wanted).toAbsolutePath();
            return new Place(path.toString(), wanted, path);
        }
        return MappedFiles.ofThisProcess()
                .find(loaded)
                .filter(path -> hasNcclIfNeeded(path, wanted))
                .map(path -> new Place(path.toString(), wanted, path))
                .orElseGet(() -> new Place(wanted, wanted, null));
    }

    /** A libtorch_cuda may have been built to load NCCL from elsewhere, or without it. */
    private static boolean hasNcclIfNeeded(Path path, String wanted) {
        if (!wanted.equals(NCCL)) {
            return true;
        }
        try {
            return SharedLibrary.load(path.toString()).missing(NEEDED_FUNCTIONS).isEmpty();
        } catch (NcclUnavailableException e) {
            return false;
        }
    }

    /** Returns the native half of NCCL's bindings, through which one sees the NCCL they got. */
    private static SharedLibrary loadBindings(
            Path temporaryFolder, List<SharedLibrary> held, Place... places)
            throws NcclUnavailableException {
        try {
            Path links = Files.createTempDirectory(temporaryFolder, "jhorovod-nccl-");
            try {
                nameByLinks(links, held, places);
                Loader.load(cudart.class);
                Loader.load(nccl.class);
                return held.get(held.size() - 1);
            } finally {
                delete(links);
            }
        } catch (IOException | LinkageError e) {
            throw new NcclUnavailableException(
                    "the bindings of CUDA and NCCL cannot be loaded: %s. %s."
                            .formatted(e.getMessage(), ADVICE));
        }
    }

    private static void nameByLinks(Path folder, List<SharedLibrary> held, Place... places)
            throws IOException, NcclUnavailableException {
        for (Place place : places) {
            if (place.path != null) {
                Files.createSymbolicLink(folder.resolve(place.wanted), place.path.toRealPath());
            }
        }
        for (String binding : BINDINGS) {
            String resource = "/org/bytedeco/cuda/%s/%s".formatted(Loader.getPlatform(), binding);
            try (InputStream bytes = NcclLibraries.class.getResourceAsStream(resource)) {
                if (bytes == null) {
                    throw new NcclUnavailableException(
                            "there are no bindings for this platform, %s, on the class path (%s)."
                                    .formatted(Loader.getPlatform(), resource));
                }
                Path copy = folder.resolve(binding);
                Files.copy(bytes, copy);
                held.add(SharedLibrary.load(copy.toString()));
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
