package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.optimizer.Optimizer;
import java.util.HashMap;
import java.util.Map;

/** Keeps the gradients of one step, as FLOAT32, and changes nothing. */
final class RecordingOptimizer extends Optimizer {
    private final Map<String, float[]> gradients = new HashMap<>();

    RecordingOptimizer() {
        super(new Plain());
    }

    float[] of(String parameterId) {
        float[] gradient = gradients.get(parameterId);
        if (gradient == null) {
            throw new AssertionError("no gradient of " + parameterId);
        }
        return gradient;
    }

    @Override
    public void update(String parameterId, NDArray weight, NDArray gradient) {
        try (NDArray wide = gradient.toType(DataType.FLOAT32, true)) {
            if (gradients.put(parameterId, wide.toFloatArray()) != null) {
                throw new AssertionError("more than one step");
            }
        }
    }

    private static final class Plain extends OptimizerBuilder<Plain> {
        @Override
        protected Plain self() {
            return this;
        }
    }
}
