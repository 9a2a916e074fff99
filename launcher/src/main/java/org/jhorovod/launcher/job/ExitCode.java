package org.jhorovod.launcher.job;

import java.util.List;

/** Exit codes in words. */
final class ExitCode {
    private static final int SIGNAL_BASE = 128;
    // Linux x86-64, from 1 on.
    private static final List<String> SIGNALS =
            List.of(
                    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
                    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
                    "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
                    "PWR", "SYS");

    private ExitCode() {}

    /** The exit code of what signal n ended. */
    static int ofSignal(int number) {
        return SIGNAL_BASE + number;
    }

    /** The name of signal n. */
    static String signalName(int number) {
        return number >= 1 && number <= SIGNALS.size()
                ? "SIG" + SIGNALS.get(number - 1)
                : "signal " + number;
    }

    /** What became of a process, as the end of a sentence. */
    static String describe(int code) {
        int signal = code - SIGNAL_BASE;
        return signal >= 1 && signal <= SIGNALS.size()
                ? "was ended by %s (exit code %d)".formatted(signalName(signal), code)
                : "exited with code " + code;
    }
}
