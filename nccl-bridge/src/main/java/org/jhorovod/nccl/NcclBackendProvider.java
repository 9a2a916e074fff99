package org.jhorovod.nccl;

import org.bytedeco.cuda.global.cudart;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.DeviceMemoryProvider;
import org.jhorovod.allreduce.spi.Peers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens NCCL, where there is a GPU and an NCCL; found by {@link java.util.ServiceLoader}. */
public final class NcclBackendProvider implements DeviceMemoryProvider {
    private static final Logger logger = LoggerFactory.getLogger(NcclBackendProvider.class);

    @Override
    public String name() {
        return "nccl";
    }

    @Override
    public Availability probe(Configuration configuration) {
        try {
            NcclLibraries libraries = NcclLibraries.load(configuration);
            int devices = countDevices();
            String found =
                    "%s from %s, %d %s"
                            .formatted(
                                    libraries.describe(),
                                    libraries.origin(),
                                    devices,
                                    devices == 1 ? "GPU" : "GPUs");
            return Availability.available(
                    libraries.passedOver().map(sentence -> found + "; " + sentence).orElse(found));
        } catch (NcclUnavailableException | NcclException e) {
            return Availability.unavailable(String.valueOf(e.getMessage()));
        }
    }

    private static int countDevices() throws NcclUnavailableException {
        int[] count = new int[1];
        int result = cudart.cudaGetDeviceCount(count);
        if (result != cudart.cudaSuccess || count[0] == 0) {
            throw new NcclUnavailableException(
                    "CUDA finds no GPU: %s. Look at nvidia-smi and CUDA_VISIBLE_DEVICES, and whether the driver is new enough."
                            .formatted(CudaException.describe(result)));
        }
        return count[0];
    }

    @Override
    public Backend<DeviceTensor> open(Peers peers) {
        return open(peers, new EventOrder());
    }

    /** Opens it with a given order between streams. */
    static Backend<DeviceTensor> open(Peers peers, StreamOrder order) {
        try {
            NcclLibraries libraries = NcclLibraries.load(peers.configuration());
            if (peers.self().localRank() == 0) {
                libraries.passedOver().ifPresent(sentence -> logger.warn("{}.", sentence));
            }
            return new NcclBackend(peers, libraries, order);
        } catch (NcclUnavailableException | NcclException e) {
            throw new StartException("NCCL cannot be used: " + e.getMessage());
        }
    }
}
