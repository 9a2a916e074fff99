package org.jhorovod.allreduce.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Writes the page that says whether the tests on GPUs passed: the verdict on its first line, then a
 * line a test. Every module's tests add to it; it says PASS only once those of the last module have
 * run. Silent where the property {@code jhorovod.test.gpuPage} names no file, as it does with
 * {@code -Pgpu}.
 */
public final class GpuPage implements TestExecutionListener {
    private static final String LAST_MODULE = "jhorovod-dist";

    private final String module = System.getProperty("jhorovod.test.module", "");
    private final String file = System.getProperty("jhorovod.test.gpuPage", "");
    private final Map<String, Long> startNanos = new ConcurrentHashMap<>();
    private final List<String> lines = new ArrayList<>(); // guarded by itself

    @Override
    public void executionStarted(TestIdentifier test) {
        startNanos.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        // Nothing may pass by being left out.
        add("FAIL", test, "skipped: " + reason);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean isPass = result.getStatus() == Status.SUCCESSFUL;
        if (isPass && !test.isTest()) {
            return;
        }
        long start = startNanos.getOrDefault(test.getUniqueId(), System.nanoTime());
        Duration time = Duration.ofNanos(System.nanoTime() - start);
        String why =
                result.getThrowable()
                        .map(
                                e ->
                                        ": "
                                                + String.valueOf(e.getMessage())
                                                        .lines()
                                                        .findFirst()
                                                        .orElse(""))
                        .orElse("");
        add(isPass ? "pass" : "FAIL", test, "%.1f s%s".formatted(time.toMillis() / 1000.0, why));
    }

    /** What a test publishes, such as a table, stands on the page above the line of the test. */
    @Override
    public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
        synchronized (lines) {
            entry.getKeyValuePairs()
                    .forEach(
                            (key, text) ->
                                    text.lines()
                                            .forEach(
                                                    line ->
                                                            lines.add(
                                                                    "  %s %s: %s"
                                                                            .formatted(
                                                                                    module, key,
                                                                                    line))));
        }
    }

    private void add(String verdict, TestIdentifier test, String how) {
        String of =
                test.getSource()
                        .map(
                                source ->
                                        source instanceof MethodSource method
                                                ? method.getJavaClass().getSimpleName()
                                                : source instanceof ClassSource type
                                                        ? type.getJavaClass().getSimpleName()
                                                        : "")
                        .orElse("");
        synchronized (lines) {
            lines.add(
                    "%s %s %s %s (%s)".formatted(verdict, module, of, test.getDisplayName(), how));
        }
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        synchronized (lines) {
            if (!file.isEmpty() && !lines.isEmpty()) {
                write(Path.of(file));
            }
        }
    }

    private void write(Path page) {
        try {
            List<String> all = new ArrayList<>();
            if (Files.exists(page)) {
                List<String> before = Files.readAllLines(page);
                before.subList(Math.min(2, before.size()), before.size()).stream()
                        .filter(line -> !line.contains(" " + module + " ")) // of an earlier run
                        .forEach(all::add);
            }
            all.addAll(lines);
            boolean hasFailed = all.stream().anyMatch(line -> line.startsWith("FAIL"));
            String verdict =
                    hasFailed
                            ? "FAIL"
                            : module.equals(LAST_MODULE)
                                    ? "PASS"
                                    : "INCOMPLETE: the tests of the other modules have not run";
            all.add(0, "JHorovod on GPUs, " + Instant.now().truncatedTo(ChronoUnit.SECONDS));
            all.add(0, verdict);
            Files.createDirectories(page.getParent());
            Files.write(page, all, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
            System.out.println(String.join(System.lineSeparator(), all));
        } catch (IOException e) {
            throw new UncheckedIOException("the page of the tests on GPUs cannot be written", e);
        }
    }
}
