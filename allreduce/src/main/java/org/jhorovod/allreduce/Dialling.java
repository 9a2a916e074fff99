package org.jhorovod.allreduce;

/** Who opens a connection between two ranks: the usual one, if the other can be reached. */
enum Dialling {
    /** The usual rank connects to the other. */
    USUAL,
    /** The other one connects to the usual rank. */
    REVERSED,
    /**
     * The usual rank connects to the other if they share a network or a host, or else through the
     * relay.
     */
    NEAR_OR_RELAYED,
    /** The usual rank connects to the other through the relay. */
    RELAYED;

    /**
     * Decides alike on both ranks.
     *
     * @param usual the rank that connects where both can be reached
     * @param other the rank that it connects to
     * @param shareHost whether both are on one host, by its name: within it all can be reached
     */
    static Dialling between(Access usual, Access other, boolean shareHost) {
        if (other == Access.OPEN) {
            return USUAL;
        }
        if (usual == Access.OPEN) {
            return REVERSED;
        }
        return other == Access.BEHIND_NAT || shareHost ? NEAR_OR_RELAYED : RELAYED;
    }

    /**
     * Whether each of two ranks can connect to the other, as libraries expect that connect them by
     * themselves.
     *
     * @param isDistant whether they share neither network nor host, as far as one of them has tried
     */
    static boolean isBothWays(Access one, Access other, boolean shareHost, boolean isDistant) {
        boolean areOpen = one == Access.OPEN && other == Access.OPEN;
        boolean areBehindNat = one == Access.BEHIND_NAT && other == Access.BEHIND_NAT;
        return areOpen || ((areBehindNat || shareHost) && !isDistant);
    }

    /** Whether the connection may go through the relay. */
    boolean mayBeRelayed() {
        return this == NEAR_OR_RELAYED || this == RELAYED;
    }
}
