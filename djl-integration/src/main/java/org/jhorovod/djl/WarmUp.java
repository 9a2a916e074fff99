package org.jhorovod.djl;

import ai.djl.engine.Engine;

/**
 * Loads DJL's engine once, so that its native libraries lie unpacked in DJL's cache before several
 * ranks start at the same time. Ends with exit code 0, or with a stack trace and 1.
 */
public final class WarmUp {
    private WarmUp() {}

    /** Loads the engine that the class path offers. */
    public static void main(String[] arguments) {
        Engine.getInstance();
    }
}
