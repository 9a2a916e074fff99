package org.jhorovod.allreduce.transport.shm;

import java.io.IOException;

/** The ranks cannot share memory, on one of them for the reason given; all of them know. */
public final class NoSharedMemoryException extends IOException {
    private static final long serialVersionUID = 1L;

    NoSharedMemoryException(int rank, String why) {
        super(
                "on rank %d, %s. A container may need more of it (--shm-size), and several have to share it (--ipc); JHOROVOD_SHARED_MEMORY_FOLDER names another folder of a tmpfs."
                        .formatted(rank, why));
    }
}
