package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jhorovod.allreduce.collective.ControlTraffic;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.transport.inprocess.InProcessTransport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What agreeing costs, counted where it is sent. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ControlTrafficTest {
    private static final int SIZE = 4;
    private static final Duration IDLE =
            Duration.ofSeconds(Boolean.getBoolean("jhorovod.test.long") ? 60 : 3);
    private static final int NAMES = 200;
    private static final int STEPS = 50;

    @Test
    void ranksThatSubmitNothing_sendNothingButHeartbeats() {
        try (InProcessCluster cluster = InProcessCluster.start(SIZE)) {
            cluster.runNamed(c -> NamedTensors.reduceSteps(c, 3, 1));
            List<NamedCommunicator> ranks = cluster.runNamed(c -> c);
            List<ControlTraffic> before =
                    ranks.stream().map(NamedCommunicator::controlTraffic).toList();

            Awaitility.await()
                    .pollInterval(Duration.ofMillis(200))
                    .during(IDLE)
                    .atMost(IDLE.plusSeconds(30))
                    .until(() -> messagesSince(ranks, before) == 0);

            for (NamedCommunicator rank : ranks) {
                ControlTraffic idle = rank.controlTraffic().since(before.get(rank.rank()));
                System.out.printf(
                        "rank %d idle for %d s: %d messages, %d heartbeats to %d peers%n",
                        rank.rank(),
                        IDLE.toSeconds(),
                        idle.messages(),
                        idle.heartbeats(),
                        SIZE - 1);
                assertThat(idle.heartbeats())
                        .isBetween(
                                (IDLE.toSeconds() - 1) * (SIZE - 1),
                                (IDLE.toSeconds() + 31) * (SIZE - 1));
            }
        }
    }

    private static long messagesSince(List<NamedCommunicator> ranks, List<ControlTraffic> before) {
        return ranks.stream()
                .mapToLong(rank -> rank.controlTraffic().since(before.get(rank.rank())).messages())
                .sum();
    }

    /**
     * With the cycle so long that a slow machine, too, announces a step's names together; and with
     * the default, by which it may take a few messages.
     */
    @ParameterizedTest
    @CsvSource({"50, 200", "1, 1000"})
    void namesThatAreKnown_areAgreedOnInFewBytes(String cycleMillis, double most) {
        Configuration settings = Configuration.of(Map.of(Settings.CYCLE_MILLIS, cycleMillis));
        try (InProcessCluster cluster =
                InProcessCluster.start(SIZE, new InProcessTransport(), settings)) {
            cluster.runNamed(c -> NamedTensors.reduceSteps(c, NAMES, 1));
            List<Long> bytes =
                    cluster.runNamed(
                            c -> {
                                ControlTraffic before = c.controlTraffic();
                                NamedTensors.reduceSteps(c, NAMES, STEPS);
                                return c.controlTraffic().since(before).bytes();
                            });

            for (int rank = 0; rank < SIZE; rank++) {
                double aStep = (double) bytes.get(rank) / STEPS;
                System.out.printf(
                        "rank %d: %.1f bytes of control traffic a step of %d names, cycle %s ms%n",
                        rank, aStep, NAMES, cycleMillis);
                assertThat(aStep).isPositive().isLessThan(most);
            }
        }
    }
}
