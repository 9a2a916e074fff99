package org.jhorovod.nccl;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Builds the double of CUDA and NCCL from its sources, once for all tests until a source changes.
 *
 * @param folder where its libraries are
 */
public record NativeDouble(Path folder) {
    private static final Path THIS_MODULE = Path.of("");
    private static final Path SOURCES = Path.of("src", "test", "native");
    private static final Path BUILDS = Path.of("target", "native-double");
    private static final List<String> COMPILER =
            List.of(
                    "g++",
                    "-std=c++17",
                    "-O2",
                    "-g1",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-fPIC",
                    "-shared",
                    "-fvisibility=hidden",
                    "-pthread");
    private static final List<String> RUNTIME =
            List.of("switches.cpp", "device_memory.cpp", "stream.cpp", "cuda_runtime.cpp");
    private static final List<String> NCCL =
            List.of("element_types.cpp", "shared_segment.cpp", "communicator.cpp", "nccl_api.cpp");

    /** Whether there is a compiler. */
    public static boolean canBeBuilt() {
        try {
            run(List.of("g++", "--version"), BUILDS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The libraries under the names that a system has them. */
    static NativeDouble likeASystem() {
        return likeASystem(THIS_MODULE);
    }

    /**
     * The same for tests of other modules.
     *
     * @param module this module's folder
     */
    public static NativeDouble likeASystem(Path module) {
        return build(module, "system", "libcudart.so.12", "libnccl.so.2");
    }

    /** NCCL inside a libtorch_cuda, and a runtime of another name, as PyTorch ships them. */
    static NativeDouble likePyTorch() {
        return build(THIS_MODULE, "pytorch", "libcudart-9335f6a2.so.12", "libtorch_cuda.so");
    }

    Path driver() {
        return folder.resolve("libcuda.so.1");
    }

    private static NativeDouble build(Path module, String kind, String runtime, String nccl) {
        Path sources = module.resolve(SOURCES);
        Path builds = module.resolve(BUILDS);
        try {
            Files.createDirectories(builds);
            Path folder = folder(module, kind);
            Path lockFile = builds.resolve("lock");
            try (FileChannel channel =
                            FileChannel.open(
                                    lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (!Files.exists(folder.resolve(nccl))) {
                    compile(sources, folder, runtime, nccl);
                }
                return new NativeDouble(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The double of CUDA and NCCL cannot be built", e);
        }
    }

    /** Where a build goes, and what one that was ended may have left. */
    static Path folder(Path module, String kind) throws IOException {
        String name = kind + "-" + fingerprint(module.resolve(SOURCES));
        return module.resolve(BUILDS).resolve(name).toAbsolutePath().normalize();
    }

    private static String fingerprint(Path sources) throws IOException {
        Hasher hasher = Hashing.sha256().newHasher();
        hasher.putString(String.join(" ", COMPILER), StandardCharsets.UTF_8);
        try (Stream<Path> files = Files.list(sources)) {
            for (Path file : files.sorted().toList()) {
                hasher.putBytes(Files.readAllBytes(file));
            }
        }
        return hasher.hash().toString().substring(0, 16);
    }

    private static void compile(Path sources, Path folder, String runtime, String nccl)
            throws IOException {
        Files.createDirectories(folder);
        library(sources, folder, "libcuda.so.1", List.of("cuda_driver.cpp"), List.of());
        String versions = "-Wl,--version-script=" + sources.resolve("libcudart.map");
        library(sources, folder, runtime, RUNTIME, List.of(versions));
        // The last: it tells that all are there.
        library(sources, folder, nccl, NCCL, List.of("-L" + folder, "-l:" + runtime, "-lrt"));
    }

    private static void library(
            Path sources, Path folder, String name, List<String> names, List<String> options)
            throws IOException {
        List<String> command = new ArrayList<>(COMPILER);
        command.add("-Wl,-soname," + name);
        names.forEach(source -> command.add(sources.resolve(source).toString()));
        Path unfinished = folder.resolve(name + ".unfinished");
        command.addAll(List.of("-o", unfinished.toString()));
        command.addAll(options);
        run(command, folder);
        Files.move(unfinished, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static void run(List<String> command, Path folder) throws IOException {
        Files.createDirectories(folder);
        Path output = Files.createTempFile(folder, "compiler", ".txt");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        "%s failed:%n%s".formatted(command, Files.readString(output)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            Files.delete(output);
        }
    }
}
