package org.jhorovod.allreduce.faults;

import java.util.Set;

/**
 * What must become of a job to which something happened.
 *
 * @param suspects the ranks of which the survivors must name one as lost; empty if all must finish
 * @param mayRefuseStart whether a job that has to share memory may end at its start
 */
record Expectation(Set<Integer> suspects, boolean mayRefuseStart) {

    static Expectation success() {
        return new Expectation(Set.of(), false);
    }

    static Expectation successWithOrWithoutMemory() {
        return new Expectation(Set.of(), true);
    }

    static Expectation loss(Integer... suspects) {
        return new Expectation(Set.of(suspects), false);
    }

    boolean isLoss() {
        return !suspects.isEmpty();
    }
}
