package org.jhorovod.djl;

import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jhorovod.allreduce.collective.Communicator;

/**
 * Compares one trainer's parameters between the ranks now and then. Owned by the training thread.
 */
final class PeriodicCheck {
    private final Communicator communicator;
    private final String owner;
    private final int everySteps; // 0 for never
    private final BooleanSupplier isByAgreement; // as ranks make steps by themselves
    private List<NamedParameter> parameters = List.of();
    private long checkedSteps; // how many had been made at the last comparison

    /**
     * Of one trainer.
     *
     * @param owner the trainer's name on all ranks
     * @param isByAgreement whether the ranks have the same parameters only where they agree
     */
    PeriodicCheck(DistributedConfig config, String owner, BooleanSupplier isByAgreement) {
        this.communicator = config.communicator();
        this.owner = owner;
        this.everySteps = communicator.size() == 1 ? 0 : config.checkSteps();
        this.isByAgreement = isByAgreement;
    }

    /** What is compared from now on. */
    void of(List<NamedParameter> all) {
        parameters = all;
    }

    /** After a step that all ranks have made together. */
    void afterStep(long steps) {
        if (everySteps > 0 && !isByAgreement.getAsBoolean() && steps % everySteps == 0) {
            require(steps);
        }
    }

    /** After a pass whose steps all ranks have made together. */
    void afterPass(long steps) {
        if (everySteps > 0 && !isByAgreement.getAsBoolean() && steps > checkedSteps) {
            require(steps);
        }
    }

    private void require(long steps) {
        ParameterCheck.require(
                communicator, "%s after step %d".formatted(owner, steps), parameters);
        checkedSteps = steps;
    }

    /** After sites have agreed, perhaps after unequal numbers of steps. */
    void afterAgreement(Optional<String> moment) {
        if (everySteps > 0 && moment.isPresent()) {
            ParameterCheck.require(communicator, moment.get(), parameters);
        }
    }
}
