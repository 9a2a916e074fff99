package org.jhorovod.allreduce;

/** Whether other ranks can connect to one. */
enum Access {
    /** All can. */
    OPEN,
    /** It is behind NAT: only those that share its network, if any. */
    BEHIND_NAT,
    /** None can, but those on its host. */
    CLOSED
}
