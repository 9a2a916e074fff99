package org.jhorovod.launcher.cli;

/** The launcher's process. */
public final class JhorovodrunMain {
    private JhorovodrunMain() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) {
        System.exit(Jhorovodrun.execute(args));
    }
}
