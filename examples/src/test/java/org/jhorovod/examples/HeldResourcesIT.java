package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * However many steps a job makes, its processes hold no more than after the first ones. A gradient
 * of lenet has 0.24 MiB, so that to keep one a step would take more than 100 MiB.
 */
@Timeout(3600)
class HeldResourcesIT {
    private static final boolean IS_LONG = Boolean.getBoolean("jhorovod.test.long");
    private static final int PART_STEPS = IS_LONG ? 500 : 150;
    private static final int SETTLING_PARTS = 2;
    private static final int PARTS = SETTLING_PARTS + (IS_LONG ? 20 : 4);
    // What allocators of C and the JVM's compiler take now and then is well below.
    private static final long MOST_RESIDENT_KIB = 16 << 10;
    private static final long MOST_HEAP_KIB = 1 << 10;
    private static final Duration MODEL_TIMEOUT = Duration.ofMinutes(IS_LONG ? 20 : 4);

    /** The whole heap is resident from the start, and code is compiled once. */
    private static final List<String> STEADY_JVM =
            List.of(
                    "-Xms128m",
                    "-Xmx128m",
                    "-XX:+AlwaysPreTouch",
                    "-XX:TieredStopAtLevel=1",
                    "-Dai.djl.offline=true");

    @ParameterizedTest
    @ValueSource(strings = {"shm", "tcp"})
    void ranksHoldNoMore_howeverManyStepsTheyMake(String transport) {
        Map<String, String> environment =
                Map.of(
                        "JHOROVOD_TRANSPORT",
                        transport,
                        "OMP_NUM_THREADS",
                        "1",
                        "OPT_OUT_TRACKING",
                        "true");
        try (RankGroup group = RankGroup.start(2, STEADY_JVM, rank -> environment, MODEL_TIMEOUT)) {
            for (PerfModel model : models()) {
                for (String reduce : List.of("step", "backward")) {
                    requireSteady(group, model, reduce);
                }
            }
        }
    }

    private static List<PerfModel> models() {
        return IS_LONG ? List.of(PerfModel.LENET, PerfModel.MLP) : List.of(PerfModel.LENET);
    }

    private static void requireSteady(RankGroup group, PerfModel model, String reduce) {
        List<String> ofRanks =
                group.run(
                        HeldResourcesCase.class,
                        model.name(),
                        SyncMode.ON.name(),
                        reduce,
                        Integer.toString(PART_STEPS),
                        Integer.toString(PARTS));
        for (int rank = 0; rank < ofRanks.size(); rank++) {
            List<HeldResources> parts =
                    ofRanks.get(rank).lines().map(HeldResources::decode).toList();
            HeldResources growth = parts.get(PARTS - 1).since(parts.get(SETTLING_PARTS - 1));
            String what =
                    "%s, reduced in %s, rank %d, every %d steps: %s"
                            .formatted(model.word(), reduce, rank, PART_STEPS, parts);
            assertThat(growth.residentKib()).as(what).isLessThan(MOST_RESIDENT_KIB);
            assertThat(growth.heapKib()).as(what).isLessThan(MOST_HEAP_KIB);
            assertThat(growth.threads()).as(what).isLessThanOrEqualTo(2);
            assertThat(growth.files()).as(what).isLessThanOrEqualTo(2);
            assertThat(growth.arrays()).as(what).isZero();
        }
    }
}
