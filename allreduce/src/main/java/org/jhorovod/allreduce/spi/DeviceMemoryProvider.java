package org.jhorovod.allreduce.spi;

import org.jhorovod.allreduce.collective.DeviceTensor;

/** Opens a backend for tensors on devices. */
public interface DeviceMemoryProvider extends BackendProvider {

    /** Opens it for this rank; the other ranks may be met at the first collective only. */
    Backend<DeviceTensor> open(Peers peers);
}
