package org.jhorovod.launcher.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class RankEnvironmentTest {

    @Test
    void rankPlan_isReadBackByTheConfiguration() {
        Topology place = new Topology(3, 6, 1, 2, 1, 3, "b");
        Map<String, String> environment = new HashMap<>();
        EnvironmentChange.apply(
                RankPlan.of(place, "127.0.0.1:4711", "run", 2).environment(), environment);

        Configuration read = Configuration.from(name -> null, environment::get);
        assertThat(
                        new Topology(
                                read.get(Settings.RANK),
                                read.get(Settings.SIZE),
                                read.get(Settings.LOCAL_RANK),
                                read.get(Settings.LOCAL_SIZE),
                                read.get(Settings.CROSS_RANK),
                                read.get(Settings.CROSS_SIZE),
                                read.get(Settings.HOST)))
                .isEqualTo(place);
        assertThat(read.get(Settings.RENDEZVOUS)).isEqualTo("127.0.0.1:4711");
        assertThat(read.get(Settings.RUN_ID)).isEqualTo("run");
        assertThat(read.get(Settings.GENERATION)).isEqualTo(2);
    }

    @Test
    void defaults_shareTheCores_andNeverGoBelowOne() {
        assertThat(defaults(Map.of(), 8, 2)).containsEntry("OMP_NUM_THREADS", "4");
        assertThat(defaults(Map.of(), 2, 4)).containsEntry("OMP_NUM_THREADS", "1");
        assertThat(defaults(Map.of(), 2, 4)).containsEntry("OPT_OUT_TRACKING", "true");
    }

    @Test
    void defaults_leaveWhatTheUserHasSet() {
        Map<String, String> set = Map.of("OMP_NUM_THREADS", "7", "OPT_OUT_TRACKING", "false");
        assertThat(defaults(set, 8, 2)).isEqualTo(set);
    }

    @Test
    void changes_areMadeInTheirOrder() {
        Map<String, String> environment = new HashMap<>(Map.of("A", "1", "B", "2"));
        EnvironmentChange.apply(
                List.of(
                        new EnvironmentChange("A", null),
                        new EnvironmentChange("B", "3"),
                        new EnvironmentChange("B", "4")),
                environment);
        assertThat(environment).isEqualTo(Map.of("B", "4"));
    }

    private static Map<String, String> defaults(Map<String, String> set, int cores, int ranks) {
        Map<String, String> environment = new HashMap<>(set);
        RankDefaults.apply(environment, cores, ranks);
        return environment;
    }
}
