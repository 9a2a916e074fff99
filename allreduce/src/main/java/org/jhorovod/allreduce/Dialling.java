package org.jhorovod.allreduce;

/** Who opens a connection between two ranks: the usual one, if the other can be reached. */
enum Dialling {
    /** The usual rank connects to the other. */
    USUAL,
    /** The other one connects to the usual rank. */
    REVERSED,
    /** The usual rank connects to the other if they share a network, or else through the relay. */
    NEAR_OR_RELAYED,
    /** The usual rank connects to the other through the relay. */
    RELAYED;

    /**
     * Decides alike on both ranks.
     *
     * @param usual the rank that connects where both can be reached
     * @param other the rank that it connects to
     */
    static Dialling between(Access usual, Access other) {
        if (other == Access.OPEN) {
            return USUAL;
        }
        if (usual == Access.OPEN) {
            return REVERSED;
        }
        return other == Access.BEHIND_NAT ? NEAR_OR_RELAYED : RELAYED;
    }

    /** Whether the connection may go through the relay. */
    boolean mayBeRelayed() {
        return this == NEAR_OR_RELAYED || this == RELAYED;
    }
}
