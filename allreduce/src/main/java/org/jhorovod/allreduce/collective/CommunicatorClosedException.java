package org.jhorovod.allreduce.collective;

/** A collective was called on a communicator that has been shut down. */
public final class CommunicatorClosedException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception with the text that users read. */
    public CommunicatorClosedException(String message) {
        super(message);
    }

    @Override
    public Recovery recovery() {
        return Recovery.CALLER;
    }

    @Override
    public CollectiveException again() {
        return new CommunicatorClosedException(messageText());
    }
}
