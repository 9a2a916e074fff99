package org.jhorovod.djl;

import ai.djl.Device;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the gradients of a trainer are reduced, which has to be the same on all ranks. */
final class ReductionPlace {
    private static final Logger logger = LoggerFactory.getLogger(ReductionPlace.class);

    private ReductionPlace() {}

    /**
     * Says it in words to be compared between the ranks. Warns if gradients will leave their GPU
     * for it.
     *
     * @param parameters the model's, on one device
     */
    static String describe(Communicator communicator, List<NamedParameter> parameters) {
        boolean isOnGpu =
                !parameters.isEmpty()
                        && parameters.stream().allMatch(p -> p.array().getDevice().isGpu());
        if (isOnGpu && communicator.reducesOnDevice()) {
            return "gradients reduced on the GPU";
        }
        if (isOnGpu) {
            Device device = parameters.get(0).array().getDevice();
            logger.warn(
                    "Rank {} trains on {}, but its gradients are copied to the host and reduced"
                            + " there ({}), as no backend for device memory is in use:"
                            + " JHOROVOD_BACKEND rules it out, or jhorovodrun --check-build says"
                            + " what is missing.",
                    communicator.rank(),
                    device,
                    communicator.transportName());
        }
        return "gradients reduced on the host (jhorovodrun --check-build tells why not on a GPU)";
    }
}
