package org.jhorovod.allreduce.collective;

import java.util.OptionalInt;

/** A peer is alive but did not take part in a collective before the operation deadline. */
public final class OperationTimeoutException extends CollectiveException {
    private static final long serialVersionUID = 2L;
    private static final int UNKNOWN = -1;

    private final int missingRank;

    /** Creates the exception with the text that users read. */
    public OperationTimeoutException(String message) {
        this(message, UNKNOWN);
    }

    /**
     * Creates the exception with the text that users read.
     *
     * @param missingRank the first that did not take part
     */
    public OperationTimeoutException(String message, int missingRank) {
        super(message);
        this.missingRank = missingRank;
    }

    /** The first rank that did not take part; empty where this rank does not know it. */
    public OptionalInt missingRank() {
        return missingRank == UNKNOWN ? OptionalInt.empty() : OptionalInt.of(missingRank);
    }

    @Override
    public Recovery recovery() {
        return Recovery.FATAL;
    }

    @Override
    public CollectiveException again() {
        return new OperationTimeoutException(messageText(), missingRank);
    }
}
