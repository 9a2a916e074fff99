package org.jhorovod.launcher.agent;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jhorovod.launcher.plan.GpuAssignment;
import org.jhorovod.launcher.plan.HostPlan;
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
                    "%s has %d GPUs for %d ranks, so that some ranks share one, which NCCL refuses; start at most %d ranks there"
                            .formatted(plan.host(), gpus.size(), plan.ranks().size(), gpus.size()));
        }
        return plan.with(GpuAssignment.assign(plan.ranks(), gpus));
    }

    private List<String> listed(Map<String, String> environment) throws InterruptedException {
        if (!isOnPath(environment.getOrDefault("PATH", ""))) {
            return List.of();
        }
        try {
            return ask(environment);
        } catch (IOException e) {
            tell.accept("%s cannot be asked for the GPUs: %s".formatted(TOOL, e.getMessage()));
            return List.of();
        }
    }

    private static boolean isOnPath(String path) {
        return Arrays.stream(path.split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, TOOL)));
    }

    private List<String> ask(Map<String, String> environment)
            throws IOException, InterruptedException {
        Path answer = Files.createTempFile("jhorovod-gpus", "");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder("setsid", "--", TOOL, "-L")
                            .redirectInput(new File("/dev/null"))
                            .redirectOutput(answer.toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().clear();
            builder.environment().putAll(environment);
            return await(starter.start(builder))
                    ? GpuAssignment.listed(Files.readString(answer, StandardCharsets.ISO_8859_1))
                    : List.of();
        } finally {
            Files.delete(answer);
        }
    }

    /** Whether it has answered; where there is no GPU or driver, it fails, which is no news. */
    private boolean await(Process process) throws InterruptedException {
        boolean hasEnded = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (!hasEnded) {
            process.destroyForcibly();
            tell.accept(
                    "%s has not listed the GPUs within %d s, so that every rank sees all of them"
                            .formatted(TOOL, timeout.toSeconds()));
            process.waitFor(1, TimeUnit.SECONDS);
        }
        ended.accept(process.pid());
        return hasEnded && process.exitValue() == 0;
    }
}
