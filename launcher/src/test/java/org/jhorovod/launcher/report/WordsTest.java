package org.jhorovod.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void numbers_areShort_andHaveTheirUnit() {
        assertThat(Words.percent(0.0312)).isEqualTo("3.1 %");
        assertThat(Words.percent(0.996)).isEqualTo("100 %");
        assertThat(Words.percent(0)).isEqualTo("0 %");
        assertThat(Words.times(1)).isEqualTo("once");
        assertThat(Words.times(0)).isEqualTo("0 times");
        assertThat(Words.bytes(999)).isEqualTo("999 B");
        assertThat(Words.bytes(8_388_608)).isEqualTo("8.4 MB");
        assertThat(Words.bytes(2_000_000_000_000_000_000L)).isEqualTo("2000 PB");
        assertThat(Words.micros(950)).isEqualTo("950 µs");
        assertThat(Words.micros(12_340)).isEqualTo("12.3 ms");
        assertThat(Words.micros(2_500_000)).isEqualTo("2.5 s");
        assertThat(Words.count(1234.4)).isEqualTo("1,234");
        assertThat(Words.count(7)).isEqualTo("7");
        assertThat(Words.count(7.25)).isEqualTo("7.3");
        assertThat(Words.duration(Duration.ofSeconds(3725))).isEqualTo("1 h 2 min");
        assertThat(Words.duration(Duration.ofSeconds(75))).isEqualTo("1 min 15 s");
        assertThat(Words.ranks(1)).isEqualTo("1 rank");
    }
}
