package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A parameter under the name that all ranks know it by: the path in its model. The parameter's own
 * name is not unique, and its id differs from process to process.
 */
record NamedParameter(String name, Parameter parameter) {

    /** All parameters of a model in the model's order, one that is shared by two blocks once. */
    static List<NamedParameter> of(Block block) {
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<NamedParameter> all = new ArrayList<>();
        for (Pair<String, Parameter> pair : block.getParameters()) {
            if (seen.add(pair.getValue())) {
                all.add(new NamedParameter(pair.getKey(), pair.getValue()));
            }
        }
        return List.copyOf(all);
    }

    NDArray array() {
        return parameter.getArray();
    }

    /** Whether the optimizer moves it by its gradient. */
    boolean isTrained() {
        return parameter.requiresGradient() && !isRunningStatistic();
    }

    /** Whether the model moves it by itself while it trains, as batch norm does, even if frozen. */
    boolean isRunningStatistic() {
        return parameter.getType() == Parameter.Type.RUNNING_MEAN
                || parameter.getType() == Parameter.Type.RUNNING_VAR;
    }

    /** Lends what is averaged over the ranks: the gradient, or a running statistic itself. */
    void withAveraged(Consumer<NDArray> action) {
        if (!isTrained()) {
            action.accept(array());
            return;
        }
        try (NDArray gradient = array().getGradient()) {
            action.accept(gradient);
        }
    }

    /** Name, type and shape as messages show them. */
    String describe() {
        return "%s %s%s".formatted(name, array().getDataType(), array().getShape());
    }
}
