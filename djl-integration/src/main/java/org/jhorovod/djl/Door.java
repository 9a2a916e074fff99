package org.jhorovod.djl;

import org.jhorovod.allreduce.collective.Communicator;

/** Where the process's communicator comes from. */
final class Door {
    private Door() {}

    /** The process's communicator. */
    static Communicator open() {
        throw new UnsupportedOperationException("until JHorovod.init() lands");
    }
}
