package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.function.Predicate;
import org.jhorovod.allreduce.collective.Communicator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the gradients of a trainer are reduced, which has to be the same on all ranks: where the
 * parameters lie, if that is a device and a backend works on its memory, and else on the host.
 *
 * @param isDeviceMemory whether an array lies where device tensors do
 */
record ReductionPlace(Predicate<NDArray> isDeviceMemory) {
    private static final Logger logger = LoggerFactory.getLogger(ReductionPlace.class);

    /** On GPUs, where there are some. */
    static ReductionPlace onGpus() {
        return new ReductionPlace(array -> array.getDevice().isGpu());
    }

    /** Never on a device. */
    static ReductionPlace onHost() {
        return new ReductionPlace(array -> false);
    }

    /** Whether these are reduced on their device. */
    boolean isOnDevice(Communicator communicator, List<NamedParameter> parameters) {
        return communicator.reducesOnDevice() && areOnDevice(parameters);
    }

    private boolean areOnDevice(List<NamedParameter> parameters) {
        return !parameters.isEmpty()
                && parameters.stream().allMatch(p -> isDeviceMemory.test(p.array()));
    }

    /**
     * Says it in words to be compared between the ranks. Warns if gradients will leave their GPU
     * for it.
     *
     * @param parameters the model's, on one device
     */
    String describe(Communicator communicator, List<NamedParameter> parameters) {
        if (isOnDevice(communicator, parameters)) {
            return "gradients reduced on the GPU";
        }
        if (areOnDevice(parameters)) {
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
