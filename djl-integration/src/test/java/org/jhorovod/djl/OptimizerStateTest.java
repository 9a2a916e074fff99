package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jhorovod.djl.checkpoint.Description;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every optimizer of DJL, also those that its PyTorch engine cannot run. */
@Timeout(60)
class OptimizerStateTest {
    private static final Tracker RATE = Tracker.fixed(0.1f);

    static Stream<Arguments> optimizers() {
        return Stream.of(
                Arguments.of(
                        Optimizer.sgd().setLearningRateTracker(RATE).build(),
                        List.of("momentumStates")),
                Arguments.of(
                        Optimizer.nag().setLearningRateTracker(RATE).setMomentum(0.9f).build(),
                        List.of("momentumStates")),
                Arguments.of(Optimizer.adam().build(), List.of("means", "variances")),
                Arguments.of(Optimizer.adamW().build(), List.of("means", "variances")),
                Arguments.of(
                        Optimizer.rmsprop().optCentered(true).build(),
                        List.of("means", "momentums", "variances")),
                Arguments.of(Optimizer.adagrad().build(), List.of("history")),
                Arguments.of(Optimizer.adadelta().build(), List.of("accumDelta", "accumG")));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void fields_ofDjlsOptimizers_areAllFound(Optimizer optimizer, List<String> fields) {
        try (Model model = Model.newInstance("one")) {
            List<NamedParameter> parameters = parameters(model);
            OptimizerState state = new OptimizerState(optimizer, parameters);
            List<String> names =
                    fields.stream()
                            .flatMap(field -> parameters.stream().map(p -> field + "/" + p.name()))
                            .toList();
            Map<String, Integer> counts = Map.of(parameters.get(0).name(), 5);

            List<NDArray> arrays = state.allocate(described(optimizer, counts, names));
            state.resume(described(optimizer, counts, names));

            assertThat(arrays).hasSize(names.size());
            assertThat(state.arrays().keySet()).containsExactlyElementsOf(names);
            assertThat(state.describe()).isEqualTo(described(optimizer, counts, names));
            assertThat(state.fits(state.describe())).isTrue();
        }
    }

    static Stream<Optimizer> optimizersWithoutPyTorch() {
        return Stream.of(
                Optimizer.nag().setLearningRateTracker(RATE).setMomentum(0.9f).build(),
                Optimizer.rmsprop().build(),
                Optimizer.adagrad().build(),
                Optimizer.adadelta().build());
    }

    /** When this fails, DJL's engine has learned one more: add it to the cases of CheckpointIT. */
    @ParameterizedTest
    @MethodSource("optimizersWithoutPyTorch")
    void pyTorch_runsNoOtherOptimizersThanSgdAndAdam(Optimizer optimizer) {
        try (Model model = Model.newInstance("one")) {
            NamedParameter parameter = parameters(model).get(0);
            NDArray gradient = parameter.array().onesLike();

            assertThatThrownBy(() -> optimizer.update("id", parameter.array(), gradient))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }

    private static Description.Optimizer described(
            Optimizer optimizer, Map<String, Integer> counts, List<String> names) {
        return new Description.Optimizer(optimizer.getClass().getName(), 5, counts, names);
    }

    private static List<NamedParameter> parameters(Model model) {
        Block block = TestModels.block("tanh-mlp");
        model.setBlock(block);
        block.initialize(model.getNDManager(), DataType.FLOAT32, TestModels.IMAGE);
        return NamedParameter.of(block);
    }

    @Test
    void arraysOfAnotherVersion_areRefusedByName() {
        try (Model model = Model.newInstance("one")) {
            Optimizer adam = Optimizer.adam().build();
            OptimizerState state = new OptimizerState(adam, parameters(model));

            assertThatThrownBy(
                            () -> state.allocate(described(adam, Map.of(), List.of("squares/w"))))
                    .hasMessageContaining("'squares/w'")
                    .hasMessageContaining("version of DJL");
        }
    }

    @Test
    void optimizerOfTheUser_isSavedLikeDjls_andRefusedWhereItCannotBe() {
        try (Model model = Model.newInstance("one")) {
            List<NamedParameter> parameters = parameters(model);

            assertThat(new OptimizerState(new Own(), parameters).arrays()).isEmpty();
            assertThatThrownBy(() -> new OptimizerState(new Unsavable(), parameters))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Unsavable")
                    .hasMessageContaining("'last'")
                    .hasMessageContaining("Map<String, Map<Device, NDArray>>");
        }
    }

    private static class Own extends Optimizer {
        @SuppressWarnings("unused") // what it is found by
        private final Map<String, Map<Device, NDArray>> own = new ConcurrentHashMap<>();

        Own() {
            super(Optimizer.adam());
        }

        @Override
        public void update(String parameterId, NDArray weight, NDArray grad) {}
    }

    private static final class Unsavable extends Own {
        @SuppressWarnings("unused") // what it is refused for
        private final Map<String, NDArray> last = new ConcurrentHashMap<>();
    }
}
