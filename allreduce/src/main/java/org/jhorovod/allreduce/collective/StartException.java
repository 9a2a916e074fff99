package org.jhorovod.allreduce.collective;

/** The job could not be formed: ranks are missing, or a rendezvous or a peer cannot be reached. */
public final class StartException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception with the text that users read. */
    public StartException(String message) {
        super(message);
    }

    @Override
    public Recovery recovery() {
        return Recovery.FATAL;
    }

    @Override
    public CollectiveException again() {
        return new StartException(messageText());
    }
}
