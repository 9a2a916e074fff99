package org.jhorovod.nccl;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives things of a device back where another failure may be on its way already. */
final class Closing {
    private static final Logger logger = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    /** Runs each of them; what CUDA refuses is logged, not thrown over the failure before it. */
    static void quietly(Runnable... steps) {
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (CudaException e) {
                logger.debug("Something of a device could not be given back", e);
            }
        }
    }
}
