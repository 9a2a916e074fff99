package org.jhorovod.allreduce.transport.shm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentFilesTest {
    @TempDir Path folder;
    private SegmentFiles files;

    @BeforeEach
    void setUp() {
        files =
                new SegmentFiles(
                        Configuration.of(Map.of(Settings.SHARED_MEMORY_FOLDER, folder.toString())));
    }

    @Test
    void remove_takesAwayWhatALostRankHasLeft() throws IOException {
        Path ofLostRank = files.name();
        files.create(ofLostRank, 4096);
        Path neverMade = files.name();

        files.remove(List.of(ofLostRank.toString(), neverMade.toString()));

        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void remove_keepsToSegmentsInTheFolder(@TempDir Path elsewhere) throws IOException {
        Path other = Files.createFile(folder.resolve("another-program"));
        Path outside = Files.createFile(elsewhere.resolve("jhorovod-1"));

        files.remove(List.of(other.toString(), outside.toString(), "", "/", "\0"));

        assertThat(other).exists();
        assertThat(outside).exists();
    }
}
