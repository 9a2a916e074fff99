package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * N ranks end with the model that one rank gets from the same global batches, 48 steps long.
 *
 * <p>The tolerance is on the 2-norm of the difference, relative to the model's: float32 sums of N
 * parts differ from the sum of the whole in the last bits, and Adam divides by small numbers.
 */
@Timeout(300)
@ExtendWith(RankGroups.class)
class EquivalenceIT {
    private static final String SAMPLES = "1152"; // 48 steps
    private static final String GLOBAL_BATCH = "24"; // divisible by 2, 3 and 4
    private static final Map<List<String>, String> REFERENCES = new ConcurrentHashMap<>();

    @ParameterizedTest
    @CsvSource({
        "2, tanh-mlp, sgd, fit, 1e-6",
        "2, tanh-mlp, adam, loop, 1e-5",
        "2, tanh-cnn, sgd, loop, 1e-6",
        "2, tanh-cnn, adam, fit, 1e-5",
        "3, tanh-mlp, sgd, loop, 1e-6",
        "3, tanh-cnn, adam, fit, 1e-5",
    })
    void ranks_endWithTheModelOfOneRank(
            int size,
            String model,
            String optimizer,
            String loop,
            double tolerance,
            RankGroups groups) {
        String reference =
                REFERENCES.computeIfAbsent(
                        List.of(model, optimizer),
                        key -> train(groups.of(1), model, optimizer, "fit").get(0));

        List<String> models = train(groups.of(size), model, optimizer, loop);

        assertThat(models).as("bitwise equal on all ranks").containsOnly(models.get(0));
        assertThat(Parameters.relativeDistance(models.get(0), reference))
                .as("relative distance to one rank")
                .isLessThan(tolerance);
    }

    private static List<String> train(
            RankGroup group, String model, String optimizer, String loop) {
        return group.run(TrainCase.class, model, optimizer, loop, SAMPLES, GLOBAL_BATCH);
    }
}
