package org.jhorovod.djl.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.InProcessCluster;
import org.jhorovod.allreduce.codec.Codecs;
import org.jhorovod.allreduce.codec.CommunicatorExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LinkTest {
    private static final Link OFFICE = new Link(12.5e6, 0.01);

    @Test
    void exchangesAsForecast_leaveTheLink() {
        Link seen = OFFICE.seenIn(OFFICE.seconds(1_250_000, 4), 1_250_000, 4);

        assertThat(seen.bytesPerSecond()).isCloseTo(12.5e6, within(1e3));
        assertThat(seen.delaySeconds()).isEqualTo(0.01);
    }

    @Test
    void exchangesThatTakeLonger_areTheRatesFault() {
        assertThat(OFFICE.seenIn(0.21, 1_250_000, 1).bytesPerSecond())
                .isCloseTo(6.25e6, within(1e3));
    }

    @Test
    void noExchanges_tellNothing() {
        assertThat(OFFICE.seenIn(0, 0, 0)).isEqualTo(OFFICE);
    }

    @Test
    void conditions_goHalfWayToWhatWasMeasuredLast_andPackingOfAllCodecsGoesTogether() {
        Conditions before =
                new Conditions(OFFICE, 1, 2, 1000, 0.016, Map.of("int8", 4e-9, "bfloat16", 1e-9));
        Conditions seen =
                before.withStep(0.064)
                        .withLink(new Link(50e6, 0.01))
                        .withPacking(Codecs.parse("int8"), 16e-9);

        Conditions now = before.towards(seen);

        assertThat(seen.packingSeconds()).containsEntry("bfloat16", 4e-9);
        assertThat(now.stepSeconds()).isCloseTo(0.032, within(1e-9));
        assertThat(now.link().bytesPerSecond()).isCloseTo(25e6, within(1.0));
        assertThat(now.packingSeconds().get("int8")).isCloseTo(8e-9, within(1e-12));
    }

    @Test
    void probe_findsSomeRateAndDelay_whichAllCarriersCanTell() {
        try (InProcessCluster cluster = InProcessCluster.start(3)) {
            List<Link> links =
                    cluster.run(
                            c -> LinkProbe.measure(c, new CommunicatorExchange(c, "link"), "case"));

            assertThat(links)
                    .allSatisfy(
                            link -> {
                                assertThat(link.bytesPerSecond()).isGreaterThan(1e6);
                                assertThat(link.delaySeconds()).isLessThan(1);
                            });
        }
    }

    @Test
    void trial_findsThatPackingTakesTime() {
        assertThat(PackingTrial.secondsPerElement(Codecs.parse("int8"), 100_000, 2))
                .isBetween(1e-11, 1e-4);
    }
}
