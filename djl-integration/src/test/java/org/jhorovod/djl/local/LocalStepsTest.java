package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.codec.Codecs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sites whose ranks are threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LocalStepsTest {
    private static final LocalPlan FOUR_FRAGMENTS =
            new LocalPlan(4, 4, 0, OuterOptimizer.average(), Codecs.parse("none"));

    @Test
    void aModelOfOneParameter_isAgreedOnWhole_howeverManyFragmentsAreAskedFor() {
        try (InProcessCluster cluster = InProcessCluster.start(2)) {
            List<Float> ends =
                    cluster.run(
                            c -> {
                                ArrayElements values = new ArrayElements("w", new float[] {1});
                                try (Sites sites =
                                                Sites.of(c, "case", SiteChoice.parse("rank"), 2);
                                        LocalSteps local =
                                                new LocalSteps(
                                                        sites,
                                                        "case",
                                                        FOUR_FRAGMENTS,
                                                        List.of(values),
                                                        true,
                                                        0)) {
                                    for (int step = 1; step <= 4; step++) {
                                        values.values()[0] += c.rank() + 1;
                                        assertThat(local.stepMade(1, step, true))
                                                .as("equal on all ranks, for a checkpoint")
                                                .isEqualTo(step == 4);
                                    }
                                }
                                return values.values()[0];
                            });
            assertThat(ends).containsExactly(7f, 7f);
        }
    }

    @Test
    void sitesThatDoNotAddUp_areRefused() {
        SiteChoice sites = SiteChoice.parse("4,4");
        sites.requireFit(8);
        assertThatThrownBy(() -> sites.requireFit(6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("[4, 4]", "8 ranks", "6", "add up");
    }
}
