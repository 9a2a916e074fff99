package org.jhorovod.allreduce.collective;

/**
 * A peer is gone: its process ended, its host cannot be reached, it does not answer any more, or it
 * left in good order while others still need it.
 */
public final class PeerLostException extends CollectiveException {
    private static final long serialVersionUID = 1L;
    private final int lostRank;

    /**
     * Creates the exception.
     *
     * @param lostRank the rank that is gone
     * @param message the text that users read: rank, host, since when, during which operation, what
     *     to do
     */
    public PeerLostException(int lostRank, String message) {
        super(message);
        this.lostRank = lostRank;
    }

    /** The rank that is gone. */
    public int lostRank() {
        return lostRank;
    }

    @Override
    public Recovery recovery() {
        return Recovery.REJOIN;
    }

    @Override
    public CollectiveException again() {
        return new PeerLostException(lostRank, messageText());
    }
}
