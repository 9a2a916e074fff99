package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Models of FLOAT16 end on N ranks with what one rank gets from the same global batches.
 *
 * <p>A number of FLOAT16 is off by up to 2^-11 (5e-4) of itself. One rank rounds each gradient
 * once; of N ranks each rounds its own, its product with its weight, and each partial sum, so
 * gradients may be a few of these off. Over several steps each update of a parameter is rounded as
 * well.
 */
@Timeout(600)
@ExtendWith(RankGroups.class)
class HalfIT {

    /** Neither the number of samples of all ranks nor that of one fits FLOAT16. */
    @ParameterizedTest
    @CsvSource({"2, 4099", "3, 6151"})
    void gradients_areThoseOfTheWholeBatch(int size, String samples, RankGroups groups) {
        String reference = groups.of(1).run(HalfCases.Gradients.class, samples).get(0);

        List<String> ranks = groups.of(size).run(HalfCases.Gradients.class, samples);

        assertThat(ranks).as("bitwise equal on all ranks").containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(2e-3);
    }

    @ParameterizedTest
    @CsvSource({
        "2, 1152, 96",
        "3, 1152, 96",
        // one rank has a batch more than the other
        "2, 1001, 200",
    })
    void ranks_endWithTheModelOfOneRank(
            int size, String samples, String globalBatch, RankGroups groups) {
        String reference = groups.of(1).run(HalfCases.Training.class, samples, globalBatch).get(0);

        List<String> models = groups.of(size).run(HalfCases.Training.class, samples, globalBatch);

        assertThat(models).as("bitwise equal on all ranks").containsOnly(models.get(0));
        assertThat(Parameters.relativeDistance(models.get(0), reference)).isLessThan(5e-3);
    }
}
