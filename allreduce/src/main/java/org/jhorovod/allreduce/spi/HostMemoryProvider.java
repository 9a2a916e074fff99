package org.jhorovod.allreduce.spi;

import java.io.IOException;

/** Opens a backend for tensors in host memory. */
public interface HostMemoryProvider extends BackendProvider {

    /**
     * Opens it for this rank; all ranks do so at the same time.
     *
     * @throws IOException if a peer cannot be reached, or the library refuses
     */
    HostMemoryBackend open(Meeting meeting) throws IOException;
}
