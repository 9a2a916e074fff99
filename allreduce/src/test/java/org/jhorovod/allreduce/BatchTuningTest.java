package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How what is submitted by name is put together, found out while it runs. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class BatchTuningTest {
    private static final int SIZE = 2;
    private static final Duration LOGGED = Duration.ofSeconds(30);

    @TempDir Path folder;

    private Path log() {
        return folder.resolve("tuning.csv");
    }

    private Configuration settings(Map<Setting<?>, String> more) {
        Map<Setting<?>, String> all = new LinkedHashMap<>(more);
        all.put(Settings.AUTOTUNE, "true");
        all.put(Settings.AUTOTUNE_LOG, log().toString());
        return Configuration.of(all);
    }

    private List<String> lines() throws IOException {
        return Files.exists(log()) ? Files.readAllLines(log()) : List.of();
    }

    private void run(Map<Setting<?>, String> settings, int names, int most) {
        try (InProcessCluster cluster =
                InProcessCluster.start(SIZE, new InProcessTransport(), settings(settings))) {
            for (int i = 0; i < most && !isChosen(); i++) {
                cluster.runNamed(c -> NamedTensors.reduceSteps(c, names, 50));
            }
        }
    }

    private boolean isChosen() {
        try {
            return lines().stream().anyMatch(line -> line.endsWith(",chosen"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void fusionAndCycle_areTried_andOneIsChosen() throws IOException {
        run(Map.of(), 20, 1000);

        Awaitility.await().atMost(LOGGED).until(this::isChosen);
        List<String> lines = lines();
        assertThat(lines.get(0)).isEqualTo("of,step,setup,step_millis,state");
        assertThat(lines.get(1))
                .matches(
                        "by name,\\d+,JHOROVOD_FUSION_MIB=16"
                                + " JHOROVOD_CYCLE_MILLIS=1,\\d+\\.\\d{3},tried");
        assertThat(lines)
                .anySatisfy(line -> assertThat(line).contains("JHOROVOD_FUSION_MIB=32 "))
                .anySatisfy(line -> assertThat(line).contains("JHOROVOD_CYCLE_MILLIS=2,"))
                .last()
                .asString()
                .endsWith(",chosen");
    }

    @Test
    void whatIsSetByHand_staysAsItIs() throws IOException {
        run(Map.of(Settings.FUSION_MIB, "3"), 20, 1000);

        Awaitility.await().atMost(LOGGED).until(this::isChosen);
        assertThat(lines().subList(1, lines().size()))
                .allSatisfy(line -> assertThat(line).contains("JHOROVOD_FUSION_MIB=3 "))
                .anySatisfy(line -> assertThat(line).contains("JHOROVOD_CYCLE_MILLIS=2,"));
    }

    @Test
    void fewNamesAStep_areLeftAlone() throws IOException {
        run(Map.of(), 2, 60);

        assertThat(lines()).hasSize(1);
    }
}
