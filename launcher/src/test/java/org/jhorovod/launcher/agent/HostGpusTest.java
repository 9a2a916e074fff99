package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.RankPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class HostGpusTest {
    private static final String VARIABLE = "CUDA_VISIBLE_DEVICES";

    private final List<String> told = new ArrayList<>();
    private final List<Long> started = new ArrayList<>();
    private final List<Long> ended = new ArrayList<>();

    @TempDir Path folder;

    @Test
    void ranks_getTheirEntryOfTheVariable_withoutAskingTheTool() throws Exception {
        fakeTool("exit 1");
        assertThat(visible(2, Map.of(VARIABLE, "6,7"), List.of())).containsExactly("6", "7");
        assertThat(started).isEmpty();
        assertThat(told).isEmpty();
    }

    @Test
    void ranks_getTheirEntryOfWhatTheJobSets_ratherThanOfWhatTheHostHas() throws Exception {
        assertThat(
                        visible(
                                2,
                                Map.of(VARIABLE, "6,7"),
                                List.of(new EnvironmentChange(VARIABLE, "2,3"))))
                .containsExactly("2", "3");
    }

    @Test
    void ranks_seeNoGpu_whereNoneIsWanted() throws Exception {
        fakeTool("echo 'GPU 0: X (UUID: GPU-a)'");
        assertThat(visible(2, Map.of(VARIABLE, ""), List.of())).containsExactly("", "");
        assertThat(visible(2, Map.of(VARIABLE, "-1"), List.of())).containsExactly("-1", "-1");
        assertThat(started).isEmpty();
    }

    @Test
    void ranks_getTheirEntryOfTheToolsList() throws Exception {
        fakeTool("echo 'GPU 0: X (UUID: GPU-a)'; echo 'GPU 1: X (UUID: GPU-b)'");
        assertThat(visible(2, Map.of(), List.of())).containsExactly("GPU-a", "GPU-b");
        assertThat(ended).isEqualTo(started).hasSize(1);
        assertThat(told).isEmpty();
    }

    @Test
    void ranks_share_andItIsTold_whereThereAreMoreOfThem() throws Exception {
        assertThat(visible(3, Map.of(VARIABLE, "0,1"), List.of())).containsExactly("0", "1", "0");
        assertThat(told)
                .containsExactly(
                        "h1 has 2 GPUs for 3 ranks, so that some ranks share one, which NCCL"
                            + " refuses; start no more than 2 there, or set JHOROVOD_BACKEND=host,"
                            + " which reduces on the host");
    }

    @Test
    void ranks_areLeftAlone_whereTheToolIsMissingOrFails() throws Exception {
        assertThat(visible(2, Map.of(), List.of())).containsExactly("unset", "unset");
        fakeTool("echo 'NVIDIA-SMI has failed'; exit 9");
        assertThat(visible(2, Map.of(), List.of())).containsExactly("unset", "unset");
        assertThat(told).isEmpty();
    }

    @Test
    void toolThatHangs_isEnded_andTold() throws Exception {
        fakeTool("exec sleep 600");
        assertThat(visible(2, Map.of(), List.of())).containsExactly("unset", "unset");
        assertThat(told).hasSize(1).first().asString().contains("nvidia-smi has not listed");
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> ProcessTable.membersOf(Set.copyOf(started)).isEmpty());
    }

    private void fakeTool(String script) throws IOException {
        Path tool = folder.resolve("nvidia-smi");
        Files.writeString(tool, "#!/bin/bash\n" + script + "\n");
        assertThat(tool.toFile().setExecutable(true)).isTrue();
    }

    private List<String> visible(
            int ranks, Map<String, String> ofHost, List<EnvironmentChange> ofJob)
            throws InterruptedException {
        Map<String, String> inherited = new HashMap<>(ofHost);
        inherited.put("PATH", folder + ":/usr/bin:/bin");
        HostPlan plan =
                new HostPlan(
                        "h1",
                        "/",
                        List.of("true"),
                        ofJob,
                        IntStream.range(0, ranks)
                                .mapToObj(rank -> new RankPlan(rank, List.of()))
                                .toList(),
                        Secret.random());
        HostPlan assigned = gpus().assign(plan, inherited);
        return assigned.ranks().stream().map(rank -> visible(inherited, assigned, rank)).toList();
    }

    private HostGpus gpus() {
        return new HostGpus(
                Duration.ofSeconds(2),
                builder -> {
                    Process process = builder.start();
                    started.add(process.pid());
                    return process;
                },
                ended::add,
                told::add);
    }

    private static String visible(Map<String, String> inherited, HostPlan plan, RankPlan rank) {
        Map<String, String> environment = new HashMap<>(inherited);
        RankProcess.complete(environment, plan, rank);
        return environment.getOrDefault(VARIABLE, "unset");
    }
}
