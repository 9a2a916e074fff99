package org.jhorovod.launcher.agent;

/** The signals that end ranks. */
public enum UnixSignal {
    /** Asks a process to end. */
    TERM,
    /** Ends a process. */
    KILL
}
