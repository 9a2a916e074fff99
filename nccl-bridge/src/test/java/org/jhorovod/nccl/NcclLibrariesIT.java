package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the probe finds, in processes with more and more of CUDA. */
@NeedsDouble
class NcclLibrariesIT {
    private static final String DRIVER = "libcuda.so.1";
    private static final String RUNTIME = "libcudart.so.12";
    private static final String NCCL = "libnccl.so.2";

    @TempDir private Path folder;

    @Test
    void probe_saysThatThereIsNoDriver_whereThereIsNone() throws Exception {
        assertThat(probe(Map.of())).startsWith("false: there is no NVIDIA driver (libcuda.so.1");
    }

    @Test
    void probe_saysThatTheRuntimeIsMissing() throws Exception {
        assertThat(probe(withSystem(DRIVER)))
                .startsWith("false: CUDA's runtime is missing: libcudart.so.12")
                .contains("JHOROVOD_NCCL_LIBRARIES");
    }

    @Test
    void probe_saysThatNcclIsMissing() throws Exception {
        assertThat(probe(withSystem(DRIVER, RUNTIME)))
                .startsWith("false: NCCL is missing: libnccl.so.2");
    }

    @Test
    void probe_saysThatNcclIsNoNccl() throws Exception {
        Map<String, String> environment = withSystem(DRIVER, RUNTIME);
        Files.copy(folder.resolve(DRIVER), folder.resolve(NCCL));
        assertThat(probe(environment)).startsWith("false: libnccl.so.2 has no ncclGetVersion, ");
    }

    @Test
    void probe_findsTheSystemsNccl() throws Exception {
        assertThat(probe(withSystem(DRIVER, RUNTIME, NCCL)))
                .isEqualTo(
                        "true: nccl 2.21.5 (test double, no GPU) from %s, 1 GPU"
                                .formatted(folder.toRealPath().resolve(NCCL)));
    }

    @Test
    void probe_findsTheNcclInsideOfPyTorch_whereDjlHasLoadedIt() throws Exception {
        NativeDouble built = NativeDouble.likePyTorch();
        Path nccl = built.folder().resolve("libtorch_cuda.so");
        assertThat(
                        probe(
                                Map.of(),
                                built.driver().toString(),
                                built.folder().resolve("libcudart-9335f6a2.so.12").toString(),
                                nccl.toString()))
                .isEqualTo("true: nccl 2.21.5 (test double, no GPU) from " + nccl + ", 1 GPU");
    }

    @Test
    void probe_tellsTheNcclThatTheBindingsGot_whereLdLibraryPathNamesAnother() throws Exception {
        NativeDouble built = NativeDouble.likePyTorch();
        assertThat(
                        probe(
                                withSystem(DRIVER, RUNTIME, NCCL),
                                built.driver().toString(),
                                built.folder().resolve("libcudart-9335f6a2.so.12").toString(),
                                built.folder().resolve("libtorch_cuda.so").toString()))
                .contains("from " + folder.toRealPath().resolve(NCCL));
    }

    @Test
    void probe_namesBoth_whereAnotherNcclWasLoadedThanTheOneThatIsSet() throws Exception {
        Map<String, String> environment = new HashMap<>(withSystem(DRIVER, RUNTIME, NCCL));
        Path named = NativeDouble.likeASystem().folder();
        environment.put("JHOROVOD_NCCL_LIBRARIES", named.toString());
        Path loaded = folder.toRealPath().resolve(NCCL);
        assertThat(probe(environment, loaded.toString()))
                .contains(
                        "from %s, 1 GPU; JHOROVOD_NCCL_LIBRARIES names %s, but NCCL 2.21.5 from %s is used"
                                .formatted(loaded, named.resolve(NCCL), loaded))
                .contains("LD_PRELOAD=" + named.resolve(NCCL));
    }

    @Test
    void probe_tellsNothingMore_whereTheNcclThatIsSetIsUsed() throws Exception {
        Path named = NativeDouble.likeASystem().folder();
        assertThat(probe(Map.of("JHOROVOD_NCCL_LIBRARIES", named.toString())))
                .endsWith("from %s, 1 GPU".formatted(named.toRealPath().resolve(NCCL)));
    }

    @Test
    void probe_saysThatThereIsNoGpu() throws Exception {
        assertThat(
                        probe(
                                Map.of(
                                        "NCCL_DOUBLE_DEVICES",
                                        "0",
                                        "JHOROVOD_NCCL_LIBRARIES",
                                        NativeDouble.likeASystem().folder().toString())))
                .startsWith("false: CUDA finds no GPU: no CUDA-capable device is detected");
    }

    @Test
    void probe_saysThatNcclIsTooOld() throws Exception {
        assertThat(
                        probe(
                                Map.of(
                                        "NCCL_DOUBLE_VERSION",
                                        "21602",
                                        "JHOROVOD_NCCL_LIBRARIES",
                                        NativeDouble.likeASystem().folder().toString())))
                .startsWith("false: NCCL 2.16.2 from ")
                .contains("2.18.0 is the oldest");
    }

    @Test
    void probe_saysWhatAGivenFolderLacks() throws Exception {
        Map<String, String> environment = withSystem(DRIVER);
        assertThat(
                        probe(
                                Map.of(
                                        "LD_LIBRARY_PATH",
                                        environment.get("LD_LIBRARY_PATH"),
                                        "JHOROVOD_NCCL_LIBRARIES",
                                        "/nowhere")))
                .startsWith("false: CUDA's runtime is missing: /nowhere/libcudart.so.12");
    }

    private Map<String, String> withSystem(String... libraries) throws IOException {
        NativeDouble built = NativeDouble.likeASystem();
        for (String library : libraries) {
            Files.copy(built.folder().resolve(library), folder.resolve(library));
        }
        return Map.of("LD_LIBRARY_PATH", folder.toString());
    }

    /** One line, and nothing else: no stack trace. */
    private String probe(Map<String, String> environment, String... loadedBefore)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"));
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        LibraryProgram.class.getName()));
        command.addAll(List.of(loadedBefore));
        Path output = Files.createTempFile("jhorovod-probe", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().keySet().removeIf(name -> name.startsWith("JHOROVOD_"));
            builder.environment().putAll(environment);
            Process process = builder.redirectOutput(output.toFile()).start();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            String text = Files.readString(output, StandardCharsets.UTF_8).strip();
            assertThat(text.lines()).as(text).hasSize(1);
            return text;
        } finally {
            Files.delete(output);
        }
    }
}
