package org.jhorovod.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jhorovod.djl.local.OuterOptimizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.TypeConversionException;

class TrainingWayTest {

    @Test
    void plain_makesNoLocalSteps() {
        assertThat(TrainingWay.parse("plain").isPlain()).isTrue();
    }

    @Test
    void plain_mayHaveACodec_andIsThenNotInFull() {
        TrainingWay way = TrainingWay.parse("plain,int8");

        assertThat(way.isPlain()).isFalse();
        assertThat(way.localSteps()).isZero();
        assertThat(way.codec().name()).isEqualTo("int8");
    }

    @Test
    void local_takesItsPartsInAnyOrder() {
        TrainingWay way =
                TrainingWay.parse("local:32,fragments:4,nesterov:0.7/0.9,topk:0.01,lock:8");

        assertThat(way.isPlain()).isFalse();
        assertThat(way.localSteps()).isEqualTo(32);
        assertThat(way.fragments()).isEqualTo(4);
        assertThat(way.lockSteps()).isEqualTo(8);
        assertThat(way.codec().name()).isEqualTo("topk:0.01");
        assertThat(way.outerOptimizer()).isEqualTo(OuterOptimizer.nesterov(0.7, 0.9));
    }

    @Test
    void local_averagesInFull_ifNothingElseIsSaid() {
        TrainingWay way = TrainingWay.parse("local:16");

        assertThat(way.codec().name()).isEqualTo("none");
        assertThat(way.fragments()).isEqualTo(1);
        assertThat(way.outerOptimizer()).isEqualTo(OuterOptimizer.average());
    }

    @Test
    void budget_isNoPlainWay_thoughItGivesNoLocalSteps() {
        TrainingWay way = TrainingWay.parse("budget:0.2");

        assertThat(way.budget()).isEqualTo(0.2);
        assertThat(way.localSteps()).isZero();
        assertThat(way.isPlain()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "budget:1, budget:SHARE",
        "budget:much, budget:0.2",
        "fast, local:STEPS",
        "local:0, whole number from 1",
        "'plain,int9', There is no codec 'int9'",
        "'plain,int8,int8', plain,int8",
        "'local:32,int9', There is no codec 'int9'",
        "'local:2,fragments:4', more fragments than local steps",
        "'local:2,nesterov:0.7', There is no outer optimizer"
    })
    void parse_saysWhatIsWrong(String text, String words) {
        assertThatThrownBy(() -> TrainingWay.parse(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContainingAll("'" + text + "'", words, "local:32,int8");
    }
}
