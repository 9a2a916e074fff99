package org.jhorovod.djl;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is made of how fast the ranks of one trainer are. Owned by the training thread. */
final class Speeds {
    private final Optional<Balance> balance;
    private final Optional<Stragglers> stragglers;

    /**
     * Of one trainer.
     *
     * @param owner the trainer's name on all ranks
     */
    Speeds(DistributedConfig config, String owner) {
        this.balance = Balance.of(config, owner);
        this.stragglers = Stragglers.of(config, owner);
    }

    /** By what samples are shared out, if they are by speed. */
    Optional<Balance> balance() {
        return balance;
    }

    /**
     * Notes a step of all ranks; now and then blocks for the slowest.
     *
     * @param pass that it was made in; null outside of any
     * @param stepNanos for how long this rank worked on it; 0 where that is not known
     */
    void stepMade(@Nullable Pass pass, long stepNanos) {
        Pass.Loaded loaded = pass == null ? Pass.Loaded.NOTHING : pass.takeLoaded();
        balance.ifPresent(known -> known.stepMade(pass, loaded, stepNanos));
        stragglers.ifPresent(known -> known.stepMade(loaded.nanos(), stepNanos));
    }
}
