package org.jhorovod.allreduce.faults;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.jhorovod.allreduce.ranks.LocalJob;

/** Runs one trial, in a folder of its own. */
final class TrialRun {
    private static final Duration LIVENESS = Duration.ofSeconds(4);
    private static final Duration OPERATION = Duration.ofSeconds(30);
    private static final Duration START = Duration.ofSeconds(90);
    private static final Duration SHORT_START = Duration.ofSeconds(12);
    private static final Duration REACTION = Duration.ofSeconds(10);
    private static final Duration JOB = Duration.ofMinutes(1);
    private static final Duration POLL = Duration.ofMillis(2);

    private final Trial trial;
    private final Path folder;
    private final SharedMemory sharedMemory;
    private final List<TrialRank> ranks = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    /**
     * What came of it.
     *
     * @param note more about the fault
     * @param seconds from the fault until no rank was left
     * @param problems empty if all is right
     * @param details for whoever looks at the problems
     */
    record Result(
            String note,
            List<RankEnd> ends,
            double seconds,
            List<String> problems,
            String details) {}

    /** Prepares to run a trial in an empty folder. */
    TrialRun(Trial trial, Path folder, SharedMemory sharedMemory) {
        this.trial = trial;
        this.folder = folder;
        this.sharedMemory = sharedMemory;
    }

    /** Runs it; nothing of it is left then. */
    Result run() throws IOException {
        for (String name : List.of("work", "tmp", "crash", "logs")) {
            Files.createDirectory(folder.resolve(name));
        }
        try (LocalJob job = LocalJob.open(InetAddress.getLoopbackAddress(), trial.size())) {
            try {
                for (int rank = 0; rank < trial.size(); rank++) {
                    ranks.add(start(job, rank));
                }
                return runFault();
            } finally {
                ranks.forEach(TrialRank::kill);
            }
        } finally {
            sharedMemory.clear();
        }
    }

    private TrialRank start(LocalJob job, int rank) throws IOException {
        List<String> jvmArguments =
                List.of(
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-XX:-UsePerfData",
                        "-XX:ErrorFile=" + folder.resolve("crash").resolve("hs_err_%p.log"),
                        "-Djava.io.tmpdir=" + folder.resolve("tmp"));
        List<String> arguments =
                List.of(
                        String.valueOf(trial.seed()),
                        String.valueOf(trial.steps()),
                        String.valueOf(trial.lingers()));
        ProcessBuilder builder =
                job.rank(rank, jvmArguments, RandomRank.class.getName(), arguments)
                        .directory(folder.resolve("work").toFile());
        Map<String, String> variables = builder.environment();
        variables.put("JHOROVOD_LIVENESS_TIMEOUT_SECONDS", seconds(LIVENESS));
        variables.put("JHOROVOD_OPERATION_TIMEOUT_SECONDS", seconds(OPERATION));
        variables.put("JHOROVOD_START_TIMEOUT_SECONDS", seconds(startTimeout()));
        variables.put("JHOROVOD_HANDSHAKE_TIMEOUT_SECONDS", "20");
        variables.put("JHOROVOD_SHARED_MEMORY_FOLDER", sharedMemory.folder().toString());
        variables.putAll(trial.way().environment(rank, trial.size()));
        return TrialRank.start(rank, builder, folder.resolve("logs").resolve("rank." + rank));
    }

    private static String seconds(Duration duration) {
        return String.valueOf(duration.toSeconds());
    }

    /** Short where the survivors have to wait for it. */
    private Duration startTimeout() {
        boolean isAwaited =
                trial.moment().isAtStart()
                        && (trial.fault() == Fault.KILLED || trial.fault() == Fault.STOPPED);
        return isAwaited ? SHORT_START : START;
    }

    private Result runFault() throws IOException {
        TrialRank victim = ranks.get(trial.victim());
        try (Scene scene = new Scene(trial, ranks, sharedMemory)) {
            if (!trial.moment().isAtStart()) {
                within(
                        START.plus(JOB),
                        "has not come to its moment",
                        () -> victim.report().step() >= trial.moment().step() || anyIsOver());
            }
            scene.pass(trial.moment().later());
            Expectation expectation = trial.fault().happen(scene);
            RankReport victimThen = victim.report();
            long startNanos = System.nanoTime();
            String details = awaitEnds(expectation, victim, victimThen);
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            List<RankEnd> ends = ranks.stream().map(TrialRank::end).toList();
            problems.addAll(Verdict.problems(trial, expectation, victimThen, ends));
            ranks.forEach(TrialRank::kill);
            sharedMemory.giveBack();
            problems.addAll(leftovers());
            return new Result(scene.note(), ends, seconds, List.copyOf(problems), details);
        }
    }

    private boolean anyIsOver() {
        return ranks.stream().anyMatch(TrialRank::isOver);
    }

    /** Waits for all ends, and returns what is known of the ranks then. */
    private String awaitEnds(Expectation expectation, TrialRank victim, RankReport victimThen) {
        boolean isStopped = trial.fault() == Fault.STOPPED;
        List<TrialRank> others =
                isStopped ? ranks.stream().filter(rank -> rank != victim).toList() : ranks;
        within(
                limit(expectation, victimThen),
                "is not told",
                () -> others.stream().allMatch(TrialRank::isOver));
        ranks.forEach(TrialRank::letGo);
        within(REACTION, "does not end", () -> others.stream().allMatch(TrialRank::hasEnded));
        if (isStopped) {
            awakenOrKill(victim, victimThen);
        }
        boolean isLate = !ranks.stream().allMatch(TrialRank::hasEnded);
        return ranks.stream().map(r -> r.describe(isLate)).collect(Collectors.joining("\n"));
    }

    /** A rank that was stopped and finds the others gone has to end, as they have. */
    private void awakenOrKill(TrialRank victim, RankReport victimThen) {
        boolean hasMet = victimThen.step() >= 0;
        try {
            if (hasMet) {
                victim.signal("CONT");
            } else {
                victim.kill();
            }
        } catch (IOException e) {
            problems.add("no signal can be sent: " + e);
        }
        within(REACTION, "does not end once it goes on", victim::hasEnded);
    }

    private Duration limit(Expectation expectation, RankReport victimThen) {
        if (!expectation.isLoss()) {
            return START.plus(JOB);
        }
        Duration notice = trial.fault() == Fault.STOPPED ? LIVENESS : Duration.ZERO;
        return (victimThen.step() < 0 ? startTimeout() : notice).plus(REACTION);
    }

    private void within(Duration limit, String what, Callable<Boolean> condition) {
        try {
            await().atMost(limit).pollDelay(Duration.ZERO).pollInterval(POLL).until(condition);
        } catch (ConditionTimeoutException e) {
            problems.add("a rank %s within %d s".formatted(what, limit.toSeconds()));
        }
    }

    /** Processes and files that should be gone. */
    private List<String> leftovers() throws IOException {
        List<String> found = new ArrayList<>();
        within(REACTION, "is left", () -> ranks.stream().allMatch(TrialRank::hasEnded));
        for (Path place :
                List.of(
                        folder.resolve("work"),
                        folder.resolve("tmp"),
                        folder.resolve("crash"),
                        sharedMemory.folder())) {
            try (Stream<Path> files = Files.list(place)) {
                files.forEach(file -> found.add("a file is left: " + file));
            }
        }
        return found;
    }
}
