package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Optimizer;
import java.util.List;

/*
 * Note [Why the parameter server is left out]
 * DJL's own step goes through a server that adds up the gradients of several devices, and copies
 * each for it: a rank has one device. It also leaves out parameters that were frozen at the first
 * step and are trained later, until this rank's forward has used them; another rank's may have, and
 * then the ranks would drift apart.
 */
/** The optimizer's work on all trained parameters, without a copy of their gradients. */
final class GradientUpdate {
    private final Optimizer optimizer;
    private final List<NamedParameter> parameters;
    private final OwedGradients owed;
    private boolean isChecked;

    /**
     * Of these parameters, in their order.
     *
     * @param owed what is added to their gradients
     */
    GradientUpdate(Optimizer optimizer, List<NamedParameter> parameters, OwedGradients owed) {
        this.optimizer = optimizer;
        this.owed = owed;
        this.parameters = List.copyOf(parameters);
    }

    /**
     * Moves each parameter by its gradient, which is zeros then.
     *
     * @throws IllegalStateException the first time, if all gradients are zeros, as DJL's step does
     */
    void apply() {
        if (!isChecked) {
            requireGradients();
            isChecked = true;
        }
        owed.pay(parameters);
        for (NamedParameter each : parameters) {
            if (each.isTrained()) {
                try (NDArray gradient = each.array().getGradient()) {
                    optimizer.update(each.parameter().getId(), each.array(), gradient);
                }
            }
        }
    }

    private void requireGradients() {
        for (NamedParameter each : parameters) {
            if (each.isTrained() && hasGradient(each)) {
                return;
            }
        }
        throw new IllegalStateException(
                "All gradients are zero. Call backward on the loss, in a gradient collector of this"
                        + " trainer, before trainer.step().");
    }

    private static boolean hasGradient(NamedParameter parameter) {
        try (NDArray gradient = parameter.array().getGradient();
                NDArray isSet = gradient.neq(0).any()) {
            return isSet.getBoolean();
        }
    }
}
