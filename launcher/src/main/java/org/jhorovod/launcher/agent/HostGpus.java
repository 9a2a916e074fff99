package org.jhorovod.launcher.agent;

import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jhorovod.launcher.plan.GpuAssignment;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.tool.SearchPath;
import org.jhorovod.launcher.tool.ToolAnswer;
import org.jhorovod.launcher.warmup.WarmUp;

/** Shares this host's GPUs out among its ranks: each sees one. */
final class HostGpus {
    private static final String TOOL = "nvidia-smi";

    private final Duration timeout;
    private final WarmUp.Starter starter;
    private final LongConsumer ended;
    private final Consumer<String> tell;

    /**
     * What starts {@code nvidia-smi} where it has to be asked.
     *
     * @param timeout after which it is not waited for any longer; without a daemon that keeps the
     *     driver loaded, it takes seconds
     * @param starter starts it in a group that ends with the job
     * @param ended takes its pid once it has ended
     * @param tell takes what a person should know
     */
    HostGpus(Duration timeout, WarmUp.Starter starter, LongConsumer ended, Consumer<String> tell) {
        this.timeout = timeout;
        this.starter = starter;
        this.ended = ended;
        this.tell = tell;
    }

    /**
     * The plan, with a GPU for each rank: of those in CUDA_VISIBLE_DEVICES, if the ranks would have
     * that, and otherwise of all. Unchanged where there is none, or none is wanted. Blocks until
     * {@code nvidia-smi} has answered, if it has to.
     *
     * @param inherited the agent's environment
     */
    HostPlan assign(HostPlan plan, Map<String, String> inherited) throws InterruptedException {
        Map<String, String> environment = new HashMap<>(inherited);
        RankProcess.complete(environment, plan, plan.ranks().get(0));
        String wanted = environment.get(GpuAssignment.VARIABLE);
        List<String> gpus = wanted == null ? listed(environment) : GpuAssignment.entries(wanted);
        if (gpus.isEmpty()) {
            return plan;
        }
        if (plan.ranks().size() > gpus.size()) {
            tell.accept(
                    "%s has %s for %d ranks, so that some ranks share one, which NCCL refuses; start no more than %d there, or set JHOROVOD_BACKEND=host, which reduces on the host"
                            .formatted(
                                    plan.host(),
                                    gpus.size() == 1 ? "1 GPU" : gpus.size() + " GPUs",
                                    plan.ranks().size(),
                                    gpus.size()));
        }
        return plan.with(GpuAssignment.assign(plan.ranks(), gpus));
    }

    private List<String> listed(Map<String, String> environment) throws InterruptedException {
        if (new SearchPath(environment.getOrDefault("PATH", "")).find(TOOL).isEmpty()) {
            return List.of();
        }
        try {
            return ask(environment);
        } catch (IOException e) {
            tell.accept("%s cannot be asked for the GPUs: %s".formatted(TOOL, e.getMessage()));
            return List.of();
        }
    }

    private List<String> ask(Map<String, String> environment)
            throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder("setsid", "--", TOOL, "-L")
                        .redirectInput(new File("/dev/null"))
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = starter.start(builder);
        Optional<ToolAnswer> answer = ToolAnswer.await(process, timeout);
        if (answer.isEmpty()) {
            tell.accept(
                    "%s has not listed the GPUs within %d s, so that every rank sees all of them"
                            .formatted(TOOL, timeout.toSeconds()));
        }
        ended.accept(process.pid());
        // Where there is no GPU or driver, it fails, which is no news.
        return answer.filter(a -> a.exitCode() == 0)
                .map(a -> GpuAssignment.listed(a.text()))
                .orElse(List.of());
    }
}
