package org.jhorovod.launcher.warmup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WarmUpTest {
    private static final String UNPACK =
            """
            if (System.getenv("FAIL") != null) {
                System.exit(3);
            }
            Path folder = Path.of(System.getenv("DJL_CACHE_DIR"), "pytorch/2.7.1-x-cpu-linux-x86_64");
            Files.createDirectories(folder);
            Files.createFile(folder.resolve("liba.so"));
            Files.createFile(folder.resolve("libb.so"));
            Files.createFile(folder.resolve("0.35.1-libdjl_torch.so"));
            """;

    private final List<String> told = new ArrayList<>();
    private final AtomicInteger startCount = new AtomicInteger();
    private final Map<String, String> environment = new HashMap<>(System.getenv());

    @TempDir private Path folder;
    private Path cache = Path.of("");

    @BeforeEach
    void prepareClassPath() throws IOException {
        cache = folder.resolve("cache");
        environment.put("DJL_CACHE_DIR", cache.toString());
        environment.remove("ENGINE_CACHE_DIR");
        StandInDjl.create(folder, UNPACK);
    }

    @Test
    void libraries_areUnpackedOnce() throws InterruptedException {
        warmUp(javaCommand());
        assertThat(startCount).hasValue(1);
        assertThat(cache.resolve("pytorch/2.7.1-x-cpu-linux-x86_64/libb.so")).exists();
        assertThat(told).hasSize(1).first().asString().contains("unpacking");

        warmUp(javaCommand());
        assertThat(startCount).as("nothing is started when they are there").hasValue(1);
        assertThat(told).hasSize(1);
    }

    @Test
    void failure_isToldAndChangesNothing() throws InterruptedException {
        environment.put("FAIL", "1");
        warmUp(javaCommand());
        assertThat(told).last().asString().contains("exit code 3").contains("start anyway");
    }

    @Test
    void otherPrograms_areLeftAlone() throws InterruptedException {
        warmUp(List.of("bash", "-c", "java Main"));
        warmUp(List.of(java(), "-cp", "/nowhere", "Main"));
        assertThat(startCount).hasValue(0);
        assertThat(told).isEmpty();
        assertThat(cache).doesNotExist();
    }

    @Test
    void engineFolder_followsDjlsOrder() {
        Map<String, String> none = Map.of();
        assertThat(NativeLibraries.engineFolder(Map.of("ENGINE_CACHE_DIR", "/e"), none))
                .isEqualTo(Path.of("/e/pytorch"));
        assertThat(NativeLibraries.engineFolder(none, Map.of("DJL_CACHE_DIR", "/c")))
                .isEqualTo(Path.of("/c/pytorch"));
        assertThat(
                        NativeLibraries.engineFolder(
                                Map.of("DJL_CACHE_DIR", "/c"), Map.of("DJL_CACHE_DIR", "/d")))
                .isEqualTo(Path.of("/c/pytorch"));
        assertThat(NativeLibraries.engineFolder(none, Map.of("user.home", folder.toString())))
                .isEqualTo(folder.resolve(".djl.ai/pytorch"));
    }

    private void warmUp(List<String> command) throws InterruptedException {
        new WarmUp(
                        command,
                        folder,
                        environment,
                        told::add,
                        builder -> {
                            startCount.incrementAndGet();
                            return builder.start();
                        })
                .run();
    }

    private List<String> javaCommand() {
        return List.of(java(), "-cp", folder.toString(), "Main");
    }

    private static String java() {
        return System.getProperty("java.home") + "/bin/java";
    }
}
