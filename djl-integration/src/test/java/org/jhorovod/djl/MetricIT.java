package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.assertj.core.data.Offset;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
@ExtendWith(RankGroups.class)
class MetricIT {

    @ParameterizedTest
    @CsvSource({"2, 480, 240", "3, 480, 240"})
    void figures_areThoseOfOneRank(
            int size, String training, String validation, RankGroups groups) {
        Map<String, Float> reference = fit(groups.of(1), training, validation).get(0);

        List<Map<String, Float>> ranks = fit(groups.of(size), training, validation);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).containsOnlyKeys(reference.keySet());
        reference.forEach(
                (name, value) ->
                        assertThat(ranks.get(0).get(name))
                                .as(name)
                                .isCloseTo(value, Offset.offset(1e-5f)));
    }

    @Test
    void accuracies_areThoseOfOneRank_whenShardsAreUneven(RankGroups groups) {
        Map<String, Float> reference = fit(groups.of(1), "1001", "1003").get(0);

        List<Map<String, Float>> ranks = fit(groups.of(2), "1001", "1003");

        assertThat(ranks).containsOnly(ranks.get(0));
        for (String name :
                List.of(
                        "train_Accuracy",
                        "validate_Accuracy",
                        "train_MeanLabel",
                        "validate_MeanLabel")) {
            assertThat(ranks.get(0).get(name))
                    .as(name)
                    .isCloseTo(reference.get(name), Offset.offset(1e-5f));
        }
    }

    private static List<Map<String, Float>> fit(
            RankGroup group, String training, String validation) {
        return group.run(MetricCases.Fit.class, training, validation, "24", "all").stream()
                .map(MetricIT::figures)
                .toList();
    }

    private static Map<String, Float> figures(String text) {
        return Arrays.stream(text.substring(1, text.length() - 1).split(", ", -1))
                .map(entry -> entry.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> Float.valueOf(pair[1])));
    }

    @Test
    void evaluation_aloneIsReduced_andCountsNothingTwice(RankGroups groups) {
        String reference = groups.of(1).run(MetricCases.EvaluateAlone.class).get(0);

        List<String> ranks = groups.of(3).run(MetricCases.EvaluateAlone.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        List<String> onceAndTwice = List.of(ranks.get(0).split(" ", 2));
        assertThat(onceAndTwice.get(1)).isEqualTo(onceAndTwice.get(0));
        assertThat(reference).isNotEqualTo("NaN NaN");
    }

    @Test
    void listeners_mayDifferBetweenRanks(RankGroups groups) {
        List<String> ranks = groups.of(2).run(MetricCases.Fit.class, "100", "50", "20", "rank0");

        assertThat(ranks.get(0)).contains("train_Accuracy");
    }
}
