package org.jhorovod.launcher.job;

/** No rank was started; the message says why and what to do. */
final class StartRefusedException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int FAILED = 1;

    private final int exitCode;

    private StartRefusedException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Something is missing. */
    static StartRefusedException failed(String message) {
        return new StartRefusedException(FAILED, message);
    }

    /** Somebody wants the launcher to end. */
    static StartRefusedException interrupted(int signalNumber) {
        return new StartRefusedException(
                ExitCode.ofSignal(signalNumber),
                "ended by " + ExitCode.signalName(signalNumber) + " before any rank was started");
    }

    /** What the launcher exits with. */
    int exitCode() {
        return exitCode;
    }
}
