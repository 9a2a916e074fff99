package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jhorovod.launcher.job.RestartRule.Decision;
import org.jhorovod.launcher.plan.HostSlots;
import org.junit.jupiter.api.Test;

class RestartRuleTest {
    private static final ImmutableList<HostSlots> HOSTS =
            ImmutableList.of(
                    new HostSlots("h1", 2), new HostSlots("h2", 2), new HostSlots("h3", 1));
    private static final AttemptEnd KILLED =
            AttemptEnd.failed(137, "because of rank 1", Set.of(), true);

    private static Decision decide(int maxRestarts, int size, int minSize, AttemptEnd... ends) {
        return new RestartRule(maxRestarts, size, minSize, HOSTS).decide(Arrays.asList(ends));
    }

    private static AttemptEnd lost(String... hosts) {
        return AttemptEnd.failed(1, "because a host is lost", Set.of(hosts), true);
    }

    private static List<String> hosts(Decision decision) {
        return ((Decision.Again) decision).places().stream().map(place -> place.host()).toList();
    }

    private static String why(Decision decision) {
        return ((Decision.Stop) decision).why();
    }

    @Test
    void failedRank_isStartedAgainWithTheOthers_onAllHosts() {
        assertThat(hosts(decide(1, 4, 4, KILLED))).containsExactly("h1", "h1", "h2", "h2");
    }

    @Test
    void lostHost_isLeftOut_andSpareSlotsAreUsed() {
        assertThat(hosts(decide(1, 3, 3, lost("h2")))).containsExactly("h1", "h1", "h3");
        assertThat(hosts(decide(2, 4, 1, lost("h2"), lost("h1")))).containsExactly("h3");
    }

    @Test
    void tooFewSlots_endTheJob() {
        assertThat(why(decide(9, 4, 4, lost("h2"))))
                .isEqualTo("3 slots are left on h1, h3, and 4 are needed (--min-np)");
        assertThat(why(decide(9, 4, 2, lost("h1", "h2"))))
                .isEqualTo("1 slot is left on h3, and 2 are needed (--min-np)");
        assertThat(why(decide(9, 4, 1, lost("h1", "h2", "h3"))))
                .isEqualTo("0 slots are left, and 1 are needed (--min-np)");
    }

    @Test
    void limit_isKept() {
        assertThat(decide(2, 2, 2, KILLED, KILLED)).isInstanceOf(Decision.Again.class);
        assertThat(why(decide(2, 2, 2, KILLED, KILLED, KILLED))).isEqualTo("--max-restarts is 2");
        assertThat(why(decide(0, 2, 2, KILLED))).isEmpty();
    }

    @Test
    void success_andInterruption_areFinal() {
        assertThat(why(decide(3, 2, 2, KILLED, AttemptEnd.finished()))).isEmpty();
        assertThat(why(decide(3, 2, 2, AttemptEnd.interrupted(143)))).isEmpty();
    }

    @Test
    void refusedStart_isFinalAtFirst_andLaterCostsTheHost() {
        AttemptEnd refused = AttemptEnd.refused(1, "h2 cannot be used", Set.of("h2"));
        assertThat(why(decide(3, 2, 2, refused))).isEmpty();
        assertThat(hosts(decide(3, 3, 3, KILLED, refused))).containsExactly("h1", "h1", "h3");
        assertThat(why(decide(3, 2, 2, KILLED, AttemptEnd.refused(1, "no network", Set.of()))))
                .isEmpty();
    }

    @Test
    void missingProgram_isNotTriedAgain() {
        AttemptEnd missing = AttemptEnd.failed(127, "because of rank 0", Set.of(), false);
        assertThat(why(decide(3, 2, 2, missing))).contains("cannot be run");
    }

    @Test
    void delay_growsOnlyWhereRanksDoNotMeet() {
        AttemptEnd early = AttemptEnd.failed(1, "because of rank 0", Set.of(), false);
        assertThat(delay(KILLED, KILLED, KILLED)).isEqualTo(Duration.ofSeconds(1));
        assertThat(delay(early)).isEqualTo(Duration.ofSeconds(2));
        assertThat(delay(early, early, early)).isEqualTo(Duration.ofSeconds(8));
        assertThat(delay(early, early, KILLED)).isEqualTo(Duration.ofSeconds(1));
        assertThat(delay(early, early, early, early, early, early, early))
                .isEqualTo(Duration.ofSeconds(30));
    }

    private static Duration delay(AttemptEnd... ends) {
        return ((Decision.Again) decide(99, 2, 2, ends)).delay();
    }
}
