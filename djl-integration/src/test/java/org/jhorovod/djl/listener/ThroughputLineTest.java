package org.jhorovod.djl.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class ThroughputLineTest {

    @Test
    void line_saysAllThatIsKnown() {
        ThroughputLine line =
                new ThroughputLine(
                        2,
                        10,
                        OptionalDouble.of(0.999),
                        1234,
                        OptionalDouble.of(5119.6),
                        4,
                        0.1204,
                        0.43211f,
                        Optional.of(Duration.ofSeconds(750)));

        assertThat(line.text())
                .isEqualTo(
                        "Epoch 2 of 10 (99 %), step 1,234: 5,120 samples/s over 4 ranks, 12.0 % of"
                                + " the steps waiting, loss 0.4321 on rank 0, 12 min 30 s left");
    }

    @Test
    void line_leavesOutWhatIsNotKnown() {
        ThroughputLine line =
                new ThroughputLine(
                        3,
                        2,
                        OptionalDouble.empty(),
                        1,
                        OptionalDouble.empty(),
                        1,
                        0,
                        Float.NaN,
                        Optional.empty());

        assertThat(line.text())
                .isEqualTo("Epoch 3 of 3, step 1: speed not known yet, time left not known yet");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 s",
        "59.4, 59 s",
        "59.6, 1 min 0 s",
        "3599, 59 min 59 s",
        "3600, 1 h 0 min",
        "86369, 23 h 59 min",
        "86400, 1 d 0 h",
        "178200, 2 d 2 h",
        "-5, 0 s",
    })
    void duration_isInItsTwoLargestUnits(double seconds, String words) {
        assertThat(ThroughputLine.inWords(Duration.ofMillis(Math.round(seconds * 1000))))
                .isEqualTo(words);
    }

    @Test
    void listener_refusesNonsense() {
        assertThatThrownBy(() -> new ThroughputListener(0)).hasMessageContaining("one epoch");
        assertThatThrownBy(() -> new ThroughputListener(1, Duration.ofSeconds(-1)))
                .hasMessageContaining("PT-1S");
        assertThatThrownBy(() -> TensorBoardListener.builder().optEverySteps(0))
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> TensorBoardListener.builder().build())
                .hasMessageContaining("setFolder");
    }
}
