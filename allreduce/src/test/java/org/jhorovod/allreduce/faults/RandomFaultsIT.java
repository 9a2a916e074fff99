package org.jhorovod.allreduce.faults;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random faults at random moments of random jobs: the survivors are told whom they have lost, in
 * time, or the job finishes right; nothing hangs, crashes or is left. One seed is run by {@code
 * -Djhorovod.test.faultSeed}, and so many from it on by {@code -Djhorovod.test.faultSeeds}; the
 * moment is the same each time, but not what the ranks do at it.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class RandomFaultsIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final @Nullable Long SEED = Long.getLong("jhorovod.test.faultSeed");
    private static final int SEEDS = Integer.getInteger("jhorovod.test.faultSeeds", 1);
    private static final int LONG_TRIALS = 200;
    private static final int ATTEMPTS = 3;
    private static final Duration STANDSTILL = Duration.ofSeconds(1);
    private static final FaultTable TABLE = new FaultTable();

    @TempDir static Path folder;
    private static SharedMemory sharedMemory;
    private static StandstillWatch standstills;
    private static String whyNoReset;
    private static int disturbed;

    @BeforeAll
    static void prepare() throws IOException {
        sharedMemory = SharedMemory.open();
        standstills = new StandstillWatch();
        whyNoReset = TcpConnection.whyNoneCanBeReset();
    }

    @AfterAll
    static void report(TestReporter reporter) {
        standstills.close();
        sharedMemory.close();
        reporter.publishEntry("random faults", TABLE.text());
        reporter.publishEntry(
                "summary",
                TABLE.summary() + "%d run again after a standstill".formatted(disturbed));
    }

    /** Each fault and each way; with {@code -Plong} other seeds each time. */
    static LongStream seeds() {
        if (SEED != null) {
            return LongStream.range(SEED, SEED + SEEDS);
        }
        if (IS_LONG) {
            long first = System.currentTimeMillis() / 1000 * LONG_TRIALS;
            return LongStream.range(first, first + LONG_TRIALS);
        }
        // Ordinary moments, so that no rank waits for the start's timeout.
        return LongStream.of(27, 48, 6, 53, 32, 34, 13, 114, 45, 46);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void survivorsAreTold_orTheJobFinishes_andNothingIsLeft(long seed) throws IOException {
        Trial trial = Trial.of(seed);
        if (trial.fault() == Fault.CONNECTION_RESET) {
            assumeTrue(whyNoReset.isEmpty(), whyNoReset);
        } else if (trial.fault() == Fault.NO_SPACE) {
            assumeTrue(sharedMemory.whyNotBounded().isEmpty(), sharedMemory.whyNotBounded());
        }
        TrialRun.Result result = run(trial);
        TABLE.add(trial, result);
        if (!result.problems().isEmpty()) {
            fail(
                    "seed %d, %s%s: %s%nRun it again with -Djhorovod.test.faultSeed=%d.%n%s",
                    seed,
                    trial.describe(),
                    result.note(),
                    String.join("; ", result.problems()),
                    seed,
                    result.details());
        }
    }

    /** Once more if it went wrong while this machine stood still. */
    private static TrialRun.Result run(Trial trial) throws IOException {
        for (int attempt = 1; ; attempt++) {
            Path own = Files.createDirectory(folder.resolve(trial.seed() + "." + attempt));
            Duration unused = standstills.takeLongest();
            TrialRun.Result result = new TrialRun(trial, own, sharedMemory).run();
            boolean stoodStill = standstills.takeLongest().compareTo(STANDSTILL) > 0;
            if (result.problems().isEmpty() || !stoodStill || attempt == ATTEMPTS) {
                return result;
            }
            disturbed++;
        }
    }
}
