package org.jhorovod.allreduce;

import java.nio.file.Path;

/** Names the timelines of a job that forms several times. */
final class TraceName {

    private TraceName() {}

    /**
     * The given file at first; later, beside it, {@code trace.1.json} for the job's second attempt.
     *
     * @param generation how often the job had been formed before
     * @param round how often this process has joined that generation before
     */
    static Path of(Path file, int generation, int round) {
        if (generation == 0 && round == 0) {
            return file;
        }
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        String number = "." + generation + (round == 0 ? "" : "-" + round);
        return file.resolveSibling(
                dot < 0 ? name + number : name.substring(0, dot) + number + name.substring(dot));
    }
}
