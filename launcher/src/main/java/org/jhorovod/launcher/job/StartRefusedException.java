package org.jhorovod.launcher.job;

import java.util.Set;

/** No rank was started; the message says why and what to do. */
final class StartRefusedException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int FAILED = 1;

    private final transient AttemptEnd end;

    private StartRefusedException(AttemptEnd end, String message) {
        super(message);
        this.end = end;
    }

    /** Something is missing. */
    static StartRefusedException failed(String message) {
        return new StartRefusedException(AttemptEnd.refused(FAILED, message, Set.of()), message);
    }

    /** Some hosts cannot be used. */
    static StartRefusedException hostsFailed(String message, Set<String> hosts) {
        String reason = "%s cannot be used".formatted(String.join(", ", hosts));
        return new StartRefusedException(AttemptEnd.refused(FAILED, reason, hosts), message);
    }

    /** Somebody wants the launcher to end. */
    static StartRefusedException interrupted(int signalNumber) {
        return new StartRefusedException(
                AttemptEnd.interrupted(ExitCode.ofSignal(signalNumber)),
                "ended by " + ExitCode.signalName(signalNumber) + " before any rank was started");
    }

    /** What this makes of the attempt. */
    AttemptEnd end() {
        return end;
    }
}
