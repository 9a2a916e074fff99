package org.jhorovod.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.training.GradientCollector;
import java.util.List;

/** Gives parameters a gradient before the first backward pass does. */
final class FirstGradients {
    private FirstGradients() {}

    /**
     * Adds zeros to the gradient of each parameter, which creates the gradient where there is none.
     * Must not be called while a gradient collector is open.
     */
    static void create(List<NamedParameter> parameters) {
        for (NamedParameter parameter : parameters) {
            Engine engine = parameter.array().getManager().getEngine();
            try (NDScope scope = new NDScope();
                    GradientCollector collector = open(engine)) {
                scope.suppressNotUsedWarning();
                NDArray zero = parameter.array().mul(0).sum();
                collector.backward(zero);
            }
        }
    }

    private static GradientCollector open(Engine engine) {
        try {
            return engine.newGradientCollector();
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "A gradient collector is open. Close it before trainer.step(), or call"
                            + " trainer.initialize(shapes) before the first forward pass.",
                    e);
        }
    }
}
