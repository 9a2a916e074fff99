package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.jhorovod.allreduce.InProcessCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
class ReportOptionsTest {

    @TempDir Path folder;

    /** The ranks of a job on several hosts have the same options, and other folders. */
    @Test
    void jsonFile_needsItsFolderOnTheHostOfRank0Alone() throws Exception {
        Path there = folder.resolve("perf.json");
        Path missing = folder.resolve("missing").resolve("perf.json");

        assertThat(refusals(List.of(there, missing))).containsExactly("", "");
        assertThat(refusals(List.of(missing, there)))
                .allSatisfy(refusal -> assertThat(refusal).contains("--json", "host of rank 0"));
        assertThat(refusals(List.of(folder, there)))
                .allSatisfy(refusal -> assertThat(refusal).contains("--json", "folder itself"));
    }

    /** What each rank is told of its file, in rank order; empty if nothing. */
    private static List<String> refusals(List<Path> files) throws Exception {
        try (InProcessCluster cluster = InProcessCluster.start(files.size())) {
            return cluster.run(
                    communicator -> {
                        try {
                            options(files.get(communicator.rank())).requireFolder(communicator);
                            return "";
                        } catch (DataException e) {
                            return String.valueOf(e.getMessage());
                        }
                    });
        }
    }

    private static ReportOptions options(Path json) {
        return CommandLine.populateCommand(new ReportOptions(), "--json=" + json);
    }
}
