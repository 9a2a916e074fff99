package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
@ExtendWith(RankGroups.class)
class StartIT {

    @ParameterizedTest
    @CsvSource({
        "shape, (5, (7",
        "count, nothing more, 03Linear_weight",
        "frozen, 02Linear_weight, frozen",
    })
    void models_thatDiffer_areRefusedOnAllRanks(
            String what, String ofRank0, String ofRank2, RankGroups groups) {
        assertThat(groups.of(3).outcomes(StartCases.DifferentModels.class, what))
                .allSatisfy(
                        outcome -> {
                            assertThat(outcome.hasFailed()).isTrue();
                            assertThat(outcome.text())
                                    .contains("MismatchException", "rank 0", "rank 2")
                                    .contains(ofRank0, ofRank2);
                        });
    }

    @Test
    void parameter_thatOneRankChanges_endsTheTraining(RankGroups groups) {
        assertThat(groups.of(3).outcomes(StartCases.GoneAstray.class))
                .allSatisfy(
                        outcome -> {
                            assertThat(outcome.hasFailed()).isTrue();
                            assertThat(outcome.text())
                                    .contains("MismatchException", "after step 8", "rank 2")
                                    .contains("_bias");
                        });
    }

    @Test
    void dropout_differsBetweenRanks_thoughTheUserSetsOneSeed(RankGroups groups) {
        List<String> ranks = groups.of(3).run(StartCases.DropoutMask.class);

        assertThat(ranks).doesNotHaveDuplicates();
    }

    @Test
    void model_isSavedOnceAndLoadable(@TempDir Path folder, RankGroups groups) throws Exception {
        List<String> ranks = groups.of(2).run(StartCases.Saving.class, folder.toString());

        assertThat(ranks.get(0)).startsWith("2 ");
        assertThat(ranks.get(1)).startsWith("0 ").endsWith(ranks.get(0).substring(2));
        assertThat(groups.of(1).run(StartCases.Loading.class, folder.toString()))
                .containsExactly(ranks.get(0).substring(2));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .contains("saved-0001.params", "saved-0002.params");
        }
        assertThat(groups.of(2).log(0)).contains("Epoch 2 finished");
        assertThat(groups.of(2).log(1)).doesNotContain("Epoch 2 finished");
    }

    @Test
    void trainer_canBeUsedWithoutInitialize_andAgain(RankGroups groups) {
        List<String> ranks = groups.of(2).run(StartCases.Lazily.class);

        assertThat(ranks).containsOnly(ranks.get(0));
        assertThat(ranks.get(0)).contains("true");
    }
}
