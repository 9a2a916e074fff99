package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.djl.budget.CommunicationBudget;
import org.jhorovod.djl.local.OuterOptimizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SiteTrainingTest {
    private static final SiteTraining.Asked NOTHING =
            new SiteTraining.Asked(-1, 0, -1, null, null, null, -1);

    private static SiteTraining of(Map<Setting<?>, String> settings) {
        return SiteTraining.of(NOTHING, Configuration.of(settings));
    }

    private static CommunicationBudget budget(Map<Setting<?>, String> settings) {
        return of(settings).budget().orElseThrow();
    }

    @Test
    void nothing_isAveragingInEachStep() {
        SiteTraining plain = of(Map.of());

        assertThat(plain.localPlan()).isEmpty();
        assertThat(plain.gradientCodec()).isEmpty();
        assertThat(plain.budget()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"LOCAL_STEPS, 32", "FRAGMENTS, 4", "CODEC, int8"})
    void budget_isRefusedBesidesWhatItChooses(String name, String value) {
        Setting<?> other =
                Settings.ofUser().stream()
                        .filter(setting -> setting.name().equals(name))
                        .findFirst()
                        .orElseThrow();

        assertThatThrownBy(() -> of(Map.of(Settings.COMMUNICATION_BUDGET, "0.2", other, value)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(
                        "JHOROVOD_COMMUNICATION_BUDGET", "JHOROVOD_" + name, "Give either");
    }

    @Test
    void budget_takesTheMeanOfTheSites_unlessAnOuterOptimizerIsGiven() {
        assertThat(budget(Map.of(Settings.COMMUNICATION_BUDGET, "0.2")).outerOptimizer())
                .isEqualTo(OuterOptimizer.average());
        assertThat(
                        budget(
                                        Map.of(
                                                Settings.COMMUNICATION_BUDGET,
                                                "0.2",
                                                Settings.OUTER_OPTIMIZER,
                                                "nesterov:0.7,0.9"))
                                .outerOptimizer())
                .isEqualTo(OuterOptimizer.nesterov(0.7, 0.9));
    }

    @ParameterizedTest
    @CsvSource({"LOCAL_STEPS, 8", "CODEC, int8", "COMMUNICATION_BUDGET, 0.2"})
    void sitesThatDoNotAddUp_areRefused_howeverTheyTrain(String name, String value) {
        Setting<?> way =
                Settings.ofUser().stream()
                        .filter(setting -> setting.name().equals(name))
                        .findFirst()
                        .orElseThrow();

        assertThatThrownBy(() -> of(Map.of(Settings.SITES, "4,4", way, value)).requireFit(10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("have 8 ranks together, but the job has 10");
    }

    @Test
    void budgetOfNothing_isNone() {
        assertThat(of(Map.of(Settings.COMMUNICATION_BUDGET, "0")).budget()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "-0.1", "20%", "NaN"})
    void budget_isAShare(String text) {
        assertThatThrownBy(() -> of(Map.of(Settings.COMMUNICATION_BUDGET, text)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll("JHOROVOD_COMMUNICATION_BUDGET", text, "such as 0.2");
    }
}
