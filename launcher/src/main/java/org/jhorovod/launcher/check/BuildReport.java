package org.jhorovod.launcher.check;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.spi.BackendProviders;

/** Engines, backends, transports and tools of this host: each available, or why not. */
public final class BuildReport {
    private BuildReport() {}

    /**
     * Looks for all of them. Asks the backends and tools, which takes up to some seconds.
     *
     * @param path where tools are looked for, as in PATH
     * @return the lines to print
     */
    public static List<String> lines(Configuration configuration, String path)
            throws InterruptedException {
        List<String> lines = new ArrayList<>();
        add(lines, "Engines (bundled ones; a program brings its own)", Engines.find());
        add(lines, "Backends", Backends.find(configuration, BackendProviders.load()));
        add(lines, "Transports", Transports.find());
        add(lines, "Tools", Tools.find(path));
        return lines;
    }

    private static void add(List<String> lines, String title, List<Finding> findings) {
        lines.add(title + ":");
        findings.forEach(finding -> lines.add("  " + finding.describe()));
    }
}
