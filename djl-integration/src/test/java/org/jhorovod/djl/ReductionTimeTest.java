package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import org.jhorovod.allreduce.config.Settings.ReduceChoice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReductionTimeTest {

    @ParameterizedTest
    @CsvSource({
        "AUTO,     one host,      born,   host,   IN_STEP",
        "AUTO,     several hosts, born,   host,   DURING_BACKWARD",
        "AUTO,     one host,      copied, host,   IN_STEP_BY_ENGINE",
        "AUTO,     several hosts, copied, device, IN_STEP_BY_ENGINE",
        "BACKWARD, one host,      born,   host,   DURING_BACKWARD",
        "BACKWARD, several hosts, copied, host,   IN_STEP_BY_ENGINE",
        "STEP,     several hosts, born,   host,   IN_STEP",
        "STEP,     one host,      copied, host,   IN_STEP",
        "STEP,     one host,      copied, device, IN_STEP_BY_ENGINE",
        "ENGINE,   one host,      born,   host,   IN_STEP_BY_ENGINE"
    })
    void time_followsFromWhereRanksAndGradientsAre(
            ReduceChoice choice, String hosts, String gradients, String place, ReductionTime time) {
        assertThat(
                        ReductionTime.of(
                                choice,
                                hosts.equals("one host"),
                                gradients.equals("born"),
                                place.equals("device")))
                .isEqualTo(time);
    }
}
