package org.jhorovod.allreduce.collective;

/** Two ranks called different collectives, or the same one with different arguments. */
public final class MismatchException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception with the text that users read. */
    public MismatchException(String message) {
        super(message);
    }

    @Override
    public Recovery recovery() {
        return Recovery.CALLER;
    }

    @Override
    public CollectiveException again() {
        return new MismatchException(messageText());
    }
}
