package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoaderSearchTest {
    private static final String DRIVER = "libcuda.so.1";

    @TempDir private Path folder;
    private Path cache;
    private Path mapped;

    @BeforeEach
    void writeFilesWithoutTheDriver() throws IOException {
        cache = Files.writeString(folder.resolve("cache"), "libc.so.6\0/lib/libc.so.6\0");
        mapped = Files.writeString(folder.resolve("maps"), "7f00-7f01 r-xp /lib/libc.so.6\n");
    }

    private boolean mayFind() {
        return new LoaderSearch(List.of(folder), cache, mapped).mayFind(DRIVER);
    }

    @Test
    void mayFind_isFalse_whereTheLibraryIsNowhere() {
        assertThat(mayFind()).isFalse();
    }

    @Test
    void mayFind_isTrue_whereAFolderHoldsIt() throws IOException {
        Files.createFile(folder.resolve(DRIVER));
        assertThat(mayFind()).isTrue();
    }

    @Test
    void mayFind_isTrue_whereTheLoadersCacheNamesIt() throws IOException {
        Files.writeString(cache, "libcuda.so.1\0/opt/nvidia/libcuda.so.1\0");
        assertThat(mayFind()).isTrue();
    }

    @Test
    void mayFind_isTrue_whereItIsLoadedAlready() throws IOException {
        Files.writeString(mapped, "7f00-7f01 r-xp /opt/nvidia/libcuda.so.550.54.15\n");
        assertThat(mayFind()).isTrue();
    }

    @Test
    void mayFind_isTrue_whereTheLoaderHasNoCacheThatCouldTell() throws IOException {
        Files.delete(cache);
        assertThat(mayFind()).isTrue();
    }
}
