package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What packing has left behind, until a step takes it up. */
@Timeout(60)
class OwedGradientsTest {

    @Test
    void whatIsOwed_isAddedToTheGradient_once() {
        try (Model model = Model.newInstance("one")) {
            Block block = TestModels.block("tanh-mlp");
            block.initialize(model.getNDManager(), DataType.FLOAT32, TestModels.IMAGE);
            List<NamedParameter> parameters = NamedParameter.of(block);
            FirstGradients.create(parameters);
            NamedParameter one = parameters.get(0);
            float[] left = new float[Math.toIntExact(one.array().size())];
            Arrays.fill(left, 0.25f);
            OwedGradients owed =
                    new OwedGradients(
                            () ->
                                    Optional.of(
                                            new KeptElements(
                                                    Map.of(one.name(), FloatBuffer.wrap(left)))));

            owed.settle();
            assertThat(owed.elements().names()).containsExactly(one.name());
            owed.pay(parameters);
            owed.pay(parameters);

            assertThat(gradient(one)).containsOnly(0.25f);
            assertThat(gradient(parameters.get(1))).containsOnly(0f);
            assertThat(owed.elements().names()).isEmpty();
        }
    }

    private static float[] gradient(NamedParameter parameter) {
        try (NDArray gradient = parameter.array().getGradient()) {
            return gradient.toFloatArray();
        }
    }
}
