package org.jhorovod.djl.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.jhorovod.djl.listener.BestFigure.Goal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(10)
class BestFigureTest {

    @ParameterizedTest
    @CsvSource({
        "HIGHEST, 0.5, 0.6, true",
        "HIGHEST, 0.5, 0.5, false",
        "HIGHEST, 0.5, 0.4, false",
        "HIGHEST, 0.5, NaN, false",
        "LOWEST, 0.5, 0.4, true",
        "LOWEST, 0.5, 0.5, false",
        "LOWEST, 0.5, 0.6, false",
        "LOWEST, 0.5, NaN, false",
        "LOWEST, 0.5, Infinity, false",
    })
    void figure_isBeaten_byABetterOneOnly(Goal goal, float best, float other, boolean isBeaten) {
        assertThat(new BestFigure("any", goal, best, 1).isBeatenBy(other)).isEqualTo(isBeaten);
    }

    @ParameterizedTest
    @ValueSource(floats = {0.1f, -3e-30f, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, 1f / 3})
    void figure_isReadAsItWasWritten(float figure) {
        BestFigure best = new BestFigure("Top 5 accuracy", Goal.LOWEST, figure, 12345);

        assertThat(BestFigure.parse(best.text())).contains(best);
    }

    @Test
    void text_thatIsSomethingElse_isNoFigure() {
        String text = new BestFigure("Accuracy", Goal.HIGHEST, 0.5f, 3).text();

        assertThat(BestFigure.parse("")).isEmpty();
        assertThat(BestFigure.parse(text.substring(0, text.length() - 8))).isEmpty();
        assertThat(BestFigure.parse(text + "more\n")).isEmpty();
        assertThat(BestFigure.parse(text.replace("0.5", "a half"))).isEmpty();
        assertThat(BestFigure.parse(text.replace("HIGHEST", "BEST"))).isEmpty();
        assertThat(BestFigure.parse(text.replace("figure", "number"))).isEmpty();
    }
}
