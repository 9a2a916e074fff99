package org.jhorovod.djl;

import ai.djl.engine.Engine;
import java.security.SecureRandom;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;

/** The seed that all ranks share, and what is derived from it. */
final class Seeds {
    private static final long PASS_FACTOR = 0x9E3779B97F4A7C15L; // odd, spreads over all bits
    private static final long STEP_FACTOR = 0xBF58476D1CE4E5B9L; // of SplitMix64

    private Seeds() {}

    /**
     * Agrees on rank 0's seed: what was configured, otherwise what the program gave to its engine,
     * otherwise a random one. Blocks for the slowest rank.
     */
    static int agree(
            Communicator communicator, String owner, Optional<Integer> configured, Engine engine) {
        int mine =
                configured
                        .or(() -> Optional.ofNullable(engine.getSeed()))
                        .orElseGet(() -> new SecureRandom().nextInt());
        HostTensor seed = HostTensor.allocate(DataType.INT32, 1);
        seed.buffers().get(0).putInt(0, mine);
        communicator.broadcast(owner + "/seed", seed, 0);
        return seed.buffers().get(0).getInt(0);
    }

    /** What the sampler of one pass starts from; differs from pass to pass, not between ranks. */
    static long ofPass(int sharedSeed, long passNumber) {
        return sharedSeed + (passNumber + 1) * PASS_FACTOR;
    }

    /** What a rank's random numbers start from after a step; differs between ranks. */
    static int ofStep(int sharedSeed, int rank, long step) {
        long mixed = (sharedSeed ^ rank * STEP_FACTOR) + step * PASS_FACTOR;
        mixed = (mixed ^ (mixed >>> 30)) * STEP_FACTOR;
        return (int) (mixed ^ (mixed >>> 31));
    }
}
