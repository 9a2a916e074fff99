package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whenever gradients are reduced, and on whatever thread, the models of train-perf have bitwise the
 * same parameters after many steps.
 */
@Timeout(3600)
class ReductionTimesIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final String STEPS = "200";

    /** Ranks, and the transport that they share a host by. */
    static Stream<Arguments> groups() {
        return IS_LONG
                ? IntStream.rangeClosed(2, 4)
                        .boxed()
                        .flatMap(ranks -> Stream.of("shm", "tcp").map(way -> arguments(ranks, way)))
                : Stream.of(arguments(2, "shm"));
    }

    @ParameterizedTest
    @MethodSource("groups")
    void allTimes_giveTheSameBits(int ranks, String transport) {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_TRANSPORT",
                        transport,
                        "OMP_NUM_THREADS",
                        "1",
                        "OPT_OUT_TRACKING",
                        "true");
        try (RankGroup group =
                RankGroup.start(ranks, List.of("-Dai.djl.offline=true"), rank -> environment)) {
            for (PerfModel model :
                    IS_LONG ? PerfModel.values() : new PerfModel[] {PerfModel.LENET}) {
                List<String> inStep = train(group, model, "step");
                assertThat(inStep).as(model.word()).containsOnly(inStep.get(0));
                assertThat(train(group, model, "backward"))
                        .as(model.word())
                        .containsOnly(inStep.get(0));
                assertThat(train(group, model, "engine"))
                        .as(model.word())
                        .containsOnly(inStep.get(0));
            }
        }
    }

    private static List<String> train(RankGroup group, PerfModel model, String reduce) {
        // Few images: it is the steps that count.
        return group.run(StepLoopCase.class, model.name(), "2", STEPS, reduce);
    }
}
