package org.jhorovod.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import org.jhorovod.launcher.agent.HostIdentity;
import org.junit.jupiter.api.Test;

class SameHostTest {
    private static final HostIdentity ONE = new HostIdentity("1");
    private static final HostIdentity TWO = new HostIdentity("2");
    private static final HostIdentity UNKNOWN = new HostIdentity("");

    @Test
    void laterNamesOfAHost_areRefused_withTheFirst() {
        assertThat(SameHost.failures(ImmutableMap.of("a", ONE, "b", TWO, "c", ONE, "d", ONE)))
                .containsOnlyKeys("c", "d")
                .allSatisfy(
                        (name, why) ->
                                assertThat(why)
                                        .contains("the same host as 'a'", "once, with the sum"));
    }

    @Test
    void hostsOfWhichNothingIsKnown_areTakenForSeveral() {
        assertThat(SameHost.failures(ImmutableMap.of("a", UNKNOWN, "b", UNKNOWN, "c", TWO)))
                .isEmpty();
    }
}
