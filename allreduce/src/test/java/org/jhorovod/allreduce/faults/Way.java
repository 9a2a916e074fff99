package org.jhorovod.allreduce.faults;

import java.util.Locale;
import java.util.Map;

/** How the bytes of a trial's job travel. */
enum Way {
    SHM,
    UNIX,
    TCP,
    /** Shared memory, or unix-domain sockets where it has no room. */
    AUTO,
    /** TCP between two hosts and unix-domain sockets inside the first: the last rank is alone. */
    BY_PLACE;

    /** How many ranks it takes at least. */
    int leastRanks() {
        return this == BY_PLACE ? 3 : 2;
    }

    /** What it needs in the environment of a rank, beside what makes it a rank. */
    Map<String, String> environment(int rank, int size) {
        if (this != BY_PLACE) {
            return Map.of("JHOROVOD_TRANSPORT", name().toLowerCase(Locale.ROOT));
        }
        boolean isAlone = rank == size - 1;
        return Map.of(
                "JHOROVOD_ALLREDUCE",
                "hierarchical",
                "JHOROVOD_LOCAL_RANK",
                String.valueOf(isAlone ? 0 : rank),
                "JHOROVOD_LOCAL_SIZE",
                String.valueOf(isAlone ? 1 : size - 1),
                "JHOROVOD_CROSS_RANK",
                isAlone ? "1" : "0",
                "JHOROVOD_CROSS_SIZE",
                isAlone || rank == 0 ? "2" : "1");
    }
}
