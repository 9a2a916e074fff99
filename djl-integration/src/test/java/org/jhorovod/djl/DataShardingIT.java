package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
@ExtendWith(RankGroups.class)
class DataShardingIT {

    @ParameterizedTest
    // 167: one rank of two has a batch more. 501 and 335: whole shards in a batch or two.
    @CsvSource({"2, 100", "2, 167", "2, 501", "3, 100", "3, 167", "3, 335"})
    void pass_showsEachOf1003SamplesOnce_andShufflesAnew(
            int size, int batchSize, RankGroups groups) {
        List<List<String>> ranks =
                groups
                        .of(size)
                        .run(DataCases.SeenIds.class, "1003", "" + batchSize, "2", "false")
                        .stream()
                        .map(text -> text.lines().toList())
                        .toList();

        for (int epoch = 0; epoch < 2; epoch++) {
            List<Long> seen = new ArrayList<>();
            for (List<String> lines : ranks) {
                seen.addAll(ids(lines.get(epoch)));
            }
            assertThat(seen)
                    .as("epoch %d", epoch)
                    .containsExactlyInAnyOrderElementsOf(
                            LongStream.range(0, 1003).boxed().toList());
        }
        assertThat(ranks.get(0).get(0)).as("reshuffled").isNotEqualTo(ranks.get(0).get(1));
        assertThat(ids(ranks.get(0).get(0))).as("shuffled").isNotEqualTo(sorted(ranks.get(0)));
        assertThat(ranks.stream().map(lines -> lines.get(2))).containsOnly(ranks.get(0).get(2));
    }

    private static List<Long> sorted(List<String> lines) {
        return ids(lines.get(0)).stream().sorted().toList();
    }

    private static List<Long> ids(String line) {
        return line.isEmpty()
                ? List.of()
                : Arrays.stream(line.split(",")).map(Long::valueOf).toList();
    }

    @Test
    void pass_worksWhereARankHasNoSampleAtAll(RankGroups groups) {
        List<String> ranks = groups.of(3).run(DataCases.SeenIds.class, "2", "4", "2", "false");

        assertThat(ranks.get(2).lines().limit(2)).containsOnly("");
        assertThat(ranks.stream().map(text -> text.lines().toList().get(2)).distinct()).hasSize(1);
    }

    @Test
    void pass_dropsPartialBatches_whenTheUserDoes(RankGroups groups) {
        List<String> ranks = groups.of(2).run(DataCases.SeenIds.class, "47", "10", "1", "true");

        assertThat(ids(ranks.get(0).lines().findFirst().orElseThrow())).hasSize(20);
        assertThat(ids(ranks.get(1).lines().findFirst().orElseThrow())).hasSize(20);
    }

    @Test
    void progress_reachesTheShardsEnd(RankGroups groups) {
        assertThat(groups.of(2).run(DataCases.ShownProgress.class))
                .containsExactly("13/13", "12/12");
    }

    @Test
    void passes_canBeBrokenOffAndNested(RankGroups groups) {
        List<String> ranks = groups.of(2).run(DataCases.BrokenOffAndNested.class);

        assertThat(ranks.get(0)).isEqualTo(ranks.get(1)).endsWith(" " + (2 * 2 * 10 + 101));
    }

    @Test
    void pass_isRefusedOnAllRanks_whenSamplersDisagree(RankGroups groups) {
        List<RankGroup.Outcome> outcomes = groups.of(2).outcomes(DataCases.UnsharedShuffle.class);

        assertThat(outcomes)
                .allSatisfy(
                        outcome -> {
                            assertThat(outcome.hasFailed()).isTrue();
                            assertThat(outcome.text())
                                    .contains("MismatchException")
                                    .contains("rank 0", "rank 1", "RandomUtils");
                        });
    }

    @Test
    void dataSet_withoutAnIndex_isGivenWholeToEveryRank_withOneWarning(RankGroups groups) {
        List<String> ranks = groups.of(2).run(DataCases.NoRandomAccess.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).startsWith("30 ");
        assertThat(groups.of(2).log(0)).containsOnlyOnce("is no RandomAccessDataset");
    }
}
