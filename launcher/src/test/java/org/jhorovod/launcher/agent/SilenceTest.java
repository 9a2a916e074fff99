package org.jhorovod.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class SilenceTest {
    private final Silence silence = new Silence(Duration.ofSeconds(3));

    @Test
    void silence_isTooLong_onlyAfterTheTimeout() {
        silence.listen();
        assertThat(silence.period().multipliedBy(5)).isEqualTo(Duration.ofSeconds(3));
        for (int tick = 0; tick < 5; tick++) {
            assertThat(silence.tick()).as("tick %d", tick).isFalse();
        }
        assertThat(silence.tick()).isTrue();
    }

    @Test
    void silence_beginsAnew_withEachSign() {
        silence.listen();
        for (int tick = 0; tick < 50; tick++) {
            assertThat(silence.tick()).isFalse();
            silence.pause();
            silence.listen();
        }
    }

    @Test
    void nobodyIsSilent_whileThisEndDoesNotListen() {
        for (int tick = 0; tick < 50; tick++) {
            assertThat(silence.tick()).as("before the first time").isFalse();
        }
        silence.listen();
        silence.pause();
        for (int tick = 0; tick < 50; tick++) {
            assertThat(silence.tick()).as("busy").isFalse();
        }
    }

    @Test
    void period_isShort_andAtMostASecond() {
        assertThat(Silence.period(Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(1));
        assertThat(Silence.period(Duration.ofMillis(1000))).isEqualTo(Duration.ofMillis(200));
        assertThat(Silence.period(Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(1));
    }
}
