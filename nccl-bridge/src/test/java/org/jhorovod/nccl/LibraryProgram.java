package org.jhorovod.nccl;

import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.spi.Availability;

/** Loads the libraries that it is given, as DJL would, and prints what the probe says then. */
public final class LibraryProgram {

    private LibraryProgram() {}

    /** Takes absolute paths. */
    public static void main(String[] libraries) {
        for (String library : libraries) {
            System.load(library);
        }
        Availability availability = new NcclBackendProvider().probe(Configuration.fromProcess());
        System.out.println(availability.isAvailable() + ": " + availability.details());
    }
}
