package org.jhorovod.djl;

import ai.djl.engine.Engine;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The seed of a run, agreed by its ranks when it is first needed. Owned by the training thread. */
final class SharedSeed {
    private static final Logger logger = LoggerFactory.getLogger(SharedSeed.class);

    private final Communicator communicator;
    private final String owner;
    private final Optional<Integer> configured;
    private final Engine engine;
    private @Nullable Integer value; // null until agreed

    SharedSeed(
            Communicator communicator, String owner, Optional<Integer> configured, Engine engine) {
        this.communicator = communicator;
        this.owner = owner;
        this.configured = configured;
        this.engine = engine;
    }

    /** The seed; blocks the first time for the slowest rank. */
    int get() {
        Integer known = value;
        if (known == null) {
            known = Seeds.agree(communicator, owner, configured, engine);
            value = known;
        }
        return known;
    }

    /** Takes up the seed of an attempt before, which counts more than a configured one. */
    void resume(int seed) {
        if (communicator.rank() == 0 && configured.filter(other -> other != seed).isPresent()) {
            logger.warn(
                    "The checkpoint's seed {} is used, not the configured one, {}.",
                    seed,
                    configured.get());
        }
        value = seed;
    }

    /** Lets dropout and augmentation differ between ranks. */
    void giveToRank() {
        engine.setRandomSeed(get() + communicator.rank());
    }

    /** The same, so that it depends on nothing but the step. */
    void giveToStep(long step) {
        engine.setRandomSeed(Seeds.ofStep(get(), communicator.rank(), step));
    }
}
