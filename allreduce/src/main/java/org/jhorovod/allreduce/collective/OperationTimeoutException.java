package org.jhorovod.allreduce.collective;

/** A peer is alive but did not take part in a collective before the operation deadline. */
public final class OperationTimeoutException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception with the text that users read. */
    public OperationTimeoutException(String message) {
        super(message);
    }

    @Override
    public Recovery recovery() {
        return Recovery.FATAL;
    }

    @Override
    public CollectiveException again() {
        return new OperationTimeoutException(messageText());
    }
}
