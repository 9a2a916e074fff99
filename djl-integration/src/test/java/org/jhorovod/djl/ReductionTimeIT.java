package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whenever gradients are reduced, and on whatever thread, training comes to the same. */
@Timeout(600)
@ExtendWith(RankGroups.class)
class ReductionTimeIT {
    @TempDir static Path folder;

    private static RankGroup overTcp;

    @BeforeAll
    static void start() {
        overTcp = RankGroups.startOwn(3, Map.of("JHOROVOD_TRANSPORT", "tcp"));
    }

    @AfterAll
    static void close() {
        overTcp.close();
    }

    @ParameterizedTest
    @CsvSource({"2, tanh-mlp", "2, batch-norm", "3, tanh-cnn", "4, batch-norm", "3, two-types"})
    void inSharedMemory_allTimesGiveTheSameBits(int size, String model, RankGroups groups) {
        requireSameBits(groups.of(size), model);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tanh-mlp", "batch-norm", "two-types"})
    void overTcp_allTimesGiveTheSameBits(String model) {
        requireSameBits(overTcp, model);
    }

    @Test
    void tuning_triesOtherBucketsAndTimes_choosesOne_andMovesNoGradientAndNoResult()
            throws IOException {
        Path log = folder.resolve("tuning.csv");
        List<String> plain;
        List<String> tuned;
        // Of two, for more add up in an order that depends on where a bucket is cut into chunks.
        try (RankGroup two =
                RankGroups.startOwn(
                        2,
                        Map.of(
                                "JHOROVOD_TRANSPORT",
                                "tcp",
                                "JHOROVOD_AUTOTUNE_LOG",
                                log.toString()))) {
            plain = two.run(ReductionTimeCases.Tuned.class, "false");
            tuned = two.run(ReductionTimeCases.Tuned.class, "true");
        }

        assertThat(tuned).containsOnly(plain.get(0));
        assertThat(plain.get(0)).endsWith(" same addresses, kept gradient is the last");
        List<String> lines = Files.readAllLines(log);
        assertThat(lines.get(0)).isEqualTo("of,step,setup,step_millis,state");
        assertThat(lines.get(1))
                .matches(
                        "trainer-\\d+,\\d+,JHOROVOD_BUCKET_MIB=8"
                                + " JHOROVOD_REDUCE=auto,\\d+\\.\\d{3},tried");
        assertThat(lines.get(2))
                .matches(
                        "trainer-\\d+,\\d+,JHOROVOD_BUCKET_MIB=16"
                                + " JHOROVOD_REDUCE=auto,\\d+\\.\\d{3},tried");
        assertThat(lines.subList(2, lines.size() - 1))
                .hasSizeGreaterThan(3)
                .anySatisfy(line -> assertThat(line).contains("JHOROVOD_REDUCE=engine"))
                .allSatisfy(line -> assertThat(line).endsWith(",tried"));
        assertThat(lines).last().asString().endsWith(",chosen");
    }

    private static void requireSameBits(RankGroup group, String model) {
        // Shards that are uneven by a batch, but for batch norm, which needs more than one sample.
        String samples = model.equals("batch-norm") ? "120" : "121";
        List<String> inStep = group.run(ReductionTimeCases.Training.class, "STEP", model, samples);

        assertThat(inStep).containsOnly(inStep.get(0));
        for (ReduceChoice choice : Set.of(ReduceChoice.BACKWARD, ReduceChoice.ENGINE)) {
            assertThat(group.run(ReductionTimeCases.Training.class, choice.name(), model, samples))
                    .as(choice.name())
                    .containsOnly(inStep.get(0));
        }
    }

    @Test
    void gradients_areAveragedWhenBackwardReturns_ifTheyAreReducedMeanwhile() {
        List<String> averaged = overTcp.run(ReductionTimeCases.AfterBackward.class, "BACKWARD");
        List<String> own = overTcp.run(ReductionTimeCases.AfterBackward.class, "STEP");

        assertThat(averaged).containsOnly(averaged.get(0));
        assertThat(own).doesNotHaveDuplicates();
    }

    @Test
    void trainersOfOneModel_takeNothingThatIsNotAveragedForAveraged() {
        // A group that has seen no uneven shards, which would forbid a second pass.
        try (RankGroup group = RankGroups.startOwn(2)) {
            List<String> overlapped = group.run(ReductionTimeCases.SharedModel.class, "BACKWARD");
            List<String> inStep = group.run(ReductionTimeCases.SharedModel.class, "STEP");

            assertThat(overlapped).containsOnly(overlapped.get(0));
            assertThat(Parameters.relativeDistance(overlapped.get(0), inStep.get(0)))
                    .isLessThan(1e-6);
        }
    }

    @Test
    void passes_mayChangeFromStepToStep() {
        // A group that has seen no uneven shards, which would forbid it.
        try (RankGroup group = RankGroups.startOwn(2)) {
            for (String collector : List.of("trainer", "own")) {
                List<String> inStep = group.run(ReductionTimeCases.Passes.class, "STEP", collector);

                List<String> overlapped =
                        group.run(ReductionTimeCases.Passes.class, "BACKWARD", collector);

                assertThat(overlapped).containsOnly(overlapped.get(0));
                assertThat(Parameters.relativeDistance(overlapped.get(0), inStep.get(0)))
                        .isLessThan(1e-6);
            }
        }
    }

    @Test
    void moreBackwardPassesThanBefore_areRefused_whereRanksHaveUnevenShards(RankGroups groups) {
        groups.of(3).run(ReductionTimeCases.Training.class, "STEP", "tanh-mlp", "121");

        assertThatThrownBy(() -> groups.of(3).run(ReductionTimeCases.Passes.class, "BACKWARD"))
                .hasMessageContaining("JHOROVOD_REDUCE=step");
    }
}
