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
@Timeout(600)
@ExtendWith(RankGroups.class)
class EquivalenceIT {
    private static final Map<List<String>, String> REFERENCES = new ConcurrentHashMap<>();

    @ParameterizedTest
    @CsvSource({
        // 48 steps
        "2, tanh-mlp, sgd, fit, 1152, 24, 1e-6",
        "2, tanh-mlp, adam, loop, 1152, 24, 1e-5",
        "2, tanh-cnn, sgd, loop, 1152, 24, 1e-6",
        "2, tanh-cnn, adam, fit, 1152, 24, 1e-5",
        "3, tanh-mlp, sgd, loop, 1152, 24, 1e-6",
        "3, tanh-mlp, adam, fit, 1152, 24, 1e-5",
        "3, tanh-cnn, sgd, fit, 1152, 24, 1e-6",
        "3, tanh-cnn, adam, fit, 1152, 24, 1e-5",
        // the last batches of the ranks differ in length
        "2, tanh-mlp, sgd, fit, 1003, 200, 1e-6",
        "3, tanh-mlp, sgd, loop, 1003, 198, 1e-6",
        // one rank has a batch more than the other
        "2, tanh-mlp, sgd, fit, 1001, 200, 1e-6",
        "2, tanh-mlp, adam, loop, 1001, 200, 1e-5",
        "2, tanh-mlp, sgd, prefetch, 1001, 200, 1e-6",
        "3, tanh-mlp, momentum, loop, 991, 198, 1e-6",
        // all of 1,003 samples in one step: the gradient is the whole batch's
        "2, tanh-mlp, sgd, loop, 1003, 1004, 1e-6",
        "4, tanh-mlp, sgd, fit, 1152, 24, 1e-6",
        "4, tanh-cnn, adam, loop, 1152, 24, 1e-5",
    })
    void ranks_endWithTheModelOfOneRank(
            int size,
            String model,
            String optimizer,
            String loop,
            String samples,
            String globalBatch,
            double tolerance,
            RankGroups groups) {
        String reference =
                REFERENCES.computeIfAbsent(
                        List.of(model, optimizer, samples, globalBatch),
                        key ->
                                groups.of(1)
                                        .run(
                                                TrainCase.class,
                                                model,
                                                optimizer,
                                                "fit",
                                                samples,
                                                globalBatch)
                                        .get(0));

        List<String> models =
                groups.of(size).run(TrainCase.class, model, optimizer, loop, samples, globalBatch);

        assertThat(models).as("bitwise equal on all ranks").containsOnly(models.get(0));
        assertThat(Parameters.relativeDistance(models.get(0), reference))
                .as("relative distance to one rank")
                .isLessThan(tolerance);
    }

    @ParameterizedTest
    @CsvSource({
        "2, relu-cnn, 24", // one step only: later, ties in the last bit decide
        "3, relu-cnn, 24",
        "4, relu-cnn, 24",
        "2, tanh-mlp, 1003",
        "3, tanh-cnn, 1003",
    })
    void gradients_areThoseOfTheWholeBatch(
            int size, String model, String samples, RankGroups groups) {
        String reference = groups.of(1).run(StepCases.Gradients.class, model, samples).get(0);

        List<String> ranks = groups.of(size).run(StepCases.Gradients.class, model, samples);

        assertThat(ranks).as("bitwise equal on all ranks").containsOnly(ranks.get(0));
        assertThat(Parameters.relativeDistance(ranks.get(0), reference)).isLessThan(1e-5);
    }
}
