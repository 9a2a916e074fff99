package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** What has been agreed on under a number, as a rank has been told. Used by one thread. */
final class KnownEntries {
    private final List<Step.Entry> entries = new ArrayList<>();

    /** Numbers are given from 0, each once. */
    void remember(Step.Entry entry) throws IOException {
        if (entry.number().isPresent()) {
            if (entry.number().getAsInt() != entries.size()) {
                throw new IOException(
                        "it gave the number %d where %d is the next"
                                .formatted(entry.number().getAsInt(), entries.size()));
            }
            OptionalInt number = entry.number();
            entries.add(new Step.Entry(entry.request(), entry.rows(), number, true));
        }
    }

    Step.Entry get(int number) throws IOException {
        if (number >= entries.size()) {
            throw new IOException("it spoke of the unknown number " + number);
        }
        return entries.get(number);
    }
}
