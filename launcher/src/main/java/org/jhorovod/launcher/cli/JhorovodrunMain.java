package org.jhorovod.launcher.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The launcher's process. */
public final class JhorovodrunMain {
    private JhorovodrunMain() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(Jhorovodrun.execute(out, err, System.getenv(), args));
    }
}
