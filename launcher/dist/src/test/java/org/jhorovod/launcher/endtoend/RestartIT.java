package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trainings whose ranks are killed at random moments, and that go on from their checkpoints. */
@Timeout(value = 3600, unit = TimeUnit.SECONDS)
class RestartIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final int MOST_KILLS_OF_A_JOB = 12;
    private static final int RANKS = 2;
    private static final int EPOCHS = 6;
    private static final int STEPS_OF_AN_EPOCH = 63; // of 1003 samples
    private static final long LONGEST_MILLIS = 4000; // of an attempt until the kill
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final Pattern DIGEST = Pattern.compile("digest (\\w{64})");
    private static final Pattern PID = Pattern.compile("rank (\\d+) runs on \\S+ as pid (\\d+)");

    @TempDir private Path root;

    /** What one rank did in a step. */
    private record Step(int attempt, long number, List<Integer> ids) {
        static Step parse(String line) {
            List<Integer> words = Stream.of(line.split(" ")).map(Integer::valueOf).toList();
            return new Step(words.get(0), words.get(1), words.subList(2, words.size()));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, none, 2, 60", "4, int8, 1, 40"})
    void killedRanks_costTheStepsSinceTheLastCheckpoint_andNothingElse(
            int localSteps, String codec, int killsOfShort, int killsOfLong) throws Exception {
        Function<Path, Jhorovodrun.Builder> training =
                folder ->
                        train(folder)
                                .with("JHOROVOD_LOCAL_STEPS", "" + localSteps)
                                .with("JHOROVOD_CODEC", codec);
        String expected =
                digest(training.apply(Files.createDirectory(root.resolve("whole"))).run(TIMEOUT));
        Random random = new Random(20261126);
        int most = IS_LONG ? killsOfLong : killsOfShort;
        int kills = 0;
        for (int job = 0; kills < most; job++) {
            Path folder = Files.createDirectory(root.resolve("job-" + job));
            int left = Math.min(MOST_KILLS_OF_A_JOB, most - kills);
            kills += killAtRandom(training.apply(folder), folder, random, left, expected);
        }
    }

    private Jhorovodrun.Builder train(Path folder) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "-np",
                                "" + RANKS,
                                "--verbose",
                                "--max-restarts",
                                "" + MOST_KILLS_OF_A_JOB));
        command.addAll(
                RankJava.command(
                        "", RestartProgram.class.getName(), folder.toString(), "" + EPOCHS, "8"));
        return Jhorovodrun.of(command.toArray(new String[0]))
                .with("OMP_NUM_THREADS", "1")
                .with("OPT_OUT_TRACKING", "true")
                .with("JHOROVOD_CHECKPOINT_FOLDER", folder.resolve("kept").toString())
                .with("JHOROVOD_CHECKPOINT_STEPS", "5");
    }

    private static String digest(Jhorovodrun.Result result) {
        assertThat(result.code()).as(result.err()).isZero();
        List<String> digests =
                DIGEST.matcher(result.out()).results().map(match -> match.group(1)).toList();
        // More where a rank was killed that had said its last: the next attempt says the same.
        assertThat(digests)
                .as(result.out())
                .hasSizeGreaterThanOrEqualTo(RANKS)
                .containsOnly(digests.get(0));
        return digests.get(0);
    }

    /** Kills ranks of one job until it has ended, and checks it; returns how many. */
    private int killAtRandom(
            Jhorovodrun.Builder training, Path folder, Random random, int most, String expected)
            throws Exception {
        List<Long> newestAtKill = new ArrayList<>();
        try (Jhorovodrun run = training.start()) {
            while (newestAtKill.size() < most && awaitAttempt(run, newestAtKill.size())) {
                if (newestAtKill.isEmpty()) {
                    awaitSteps(run); // so that not all kills of a job hit its start
                }
                // A moment, not a wait for something: any is as good as another.
                TimeUnit.MILLISECONDS.sleep((long) (random.nextDouble() * LONGEST_MILLIS));
                int rank = random.nextInt(RANKS);
                long pid = pid(run, newestAtKill.size(), rank);
                if (!ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
                    break; // the job has finished
                }
                Jhorovodrun.signal("KILL", pid);
                int attempt = newestAtKill.size() + 2;
                awaitErr(run, "attempt %d of".formatted(attempt));
                if (!run.err().contains("attempt %d of".formatted(attempt))) {
                    break; // it had done its work
                }
                newestAtKill.add(newestCheckpoint(folder));
            }
            Jhorovodrun.Result result = run.await(TIMEOUT);
            assertThat(digest(result)).as("the uninterrupted model").isEqualTo(expected);
            if (!newestAtKill.isEmpty()) {
                assertThat(result.err()).contains((newestAtKill.size() + 1) + " attempts:");
            }
        }
        checkSteps(folder, newestAtKill);
        return newestAtKill.size();
    }

    /** Waits until the ranks of an attempt run; returns whether there is such an attempt. */
    private static boolean awaitAttempt(Jhorovodrun run, int attempt) {
        Awaitility.await("attempt " + (attempt + 1))
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !run.isAlive() || pids(run).size() >= (attempt + 1) * RANKS);
        return pids(run).size() >= (attempt + 1) * RANKS;
    }

    private static void awaitSteps(Jhorovodrun run) {
        Awaitility.await("the first steps")
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> run.out().contains("begins after step") || !run.isAlive());
    }

    private static void awaitErr(Jhorovodrun run, String text) {
        Awaitility.await(text)
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> run.err().contains(text) || !run.isAlive());
    }

    private static List<Matcher> pids(Jhorovodrun run) {
        List<Matcher> found = new ArrayList<>();
        run.err()
                .lines()
                .forEach(
                        line -> {
                            Matcher matcher = PID.matcher(line);
                            if (matcher.find()) {
                                found.add(matcher);
                            }
                        });
        return found;
    }

    private static long pid(Jhorovodrun run, int attempt, int rank) {
        return pids(run).subList(attempt * RANKS, (attempt + 1) * RANKS).stream()
                .filter(match -> match.group(1).equals("" + rank))
                .map(match -> Long.valueOf(match.group(2)))
                .findFirst()
                .orElseThrow();
    }

    private static long newestCheckpoint(Path folder) throws IOException {
        Path kept = folder.resolve("kept");
        if (!Files.isDirectory(kept)) {
            return 0;
        }
        try (Stream<Path> paths = Files.list(kept)) {
            return paths.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("checkpoint-"))
                    .mapToLong(name -> Long.parseLong(name.substring("checkpoint-".length())))
                    .max()
                    .orElse(0);
        }
    }

    /** Each attempt begins after the newest checkpoint, and what counts saw each sample once. */
    private static void checkSteps(Path folder, List<Long> newestAtKill) throws IOException {
        Map<Integer, Integer> seen = new HashMap<>();
        for (int rank = 0; rank < RANKS; rank++) {
            Map<Long, Step> counted = new TreeMap<>();
            Map<Integer, Long> first = new TreeMap<>();
            for (String line : Files.readAllLines(folder.resolve("steps." + rank))) {
                Step step = Step.parse(line);
                first.putIfAbsent(step.attempt(), step.number());
                Step before = counted.put(step.number(), step);
                if (before != null) {
                    assertThat(step.ids()).as("repeated %s", before).isEqualTo(before.ids());
                }
            }
            first.forEach(
                    (attempt, step) ->
                            assertThat(step - 1)
                                    .as("attempt %d begins after", attempt)
                                    .isEqualTo(attempt == 0 ? 0 : newestAtKill.get(attempt - 1)));
            assertThat(counted).hasSize(EPOCHS * STEPS_OF_AN_EPOCH);
            counted.values().stream()
                    .flatMap(step -> step.ids().stream())
                    .forEach(id -> seen.merge(id, 1, Integer::sum));
        }
        assertThat(seen).hasSize(1003);
        assertThat(seen.values()).containsOnly(EPOCHS);
    }
}
