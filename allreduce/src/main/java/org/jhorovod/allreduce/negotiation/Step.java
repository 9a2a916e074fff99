package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/*
 * On the wire:
 *   0 absent:number entries:count of each
 *       1 + number                    agreed on before, of all ranks
 *       0 request rows number + 1     the rows of each rank, and by what number it is known from now
 *                                     on, or 0
 *   1 name text                       refused
 *   2 rank                            all have joined, that one last
 *   3 rank                            has left
 */
/** What all ranks do next; all get the same in the same order. */
public sealed interface Step {

    /**
     * A tensor to run.
     *
     * @param request of the lowest rank that takes part
     * @param rows each rank's first dimension, by rank, where these may differ; else empty
     * @param number by which it is known from now on; empty for none
     * @param isKnown whether it was known by the number before
     */
    record Entry(Request request, List<Long> rows, OptionalInt number, boolean isKnown) {}

    /**
     * Run these as one.
     *
     * @param absent how many ranks have joined, and take part with nothing
     */
    record Run(List<Entry> entries, int absent) implements Step {}

    /** A tensor on which the ranks do not agree. */
    record Refuse(String name, String reason) implements Step {}

    /** All ranks have joined. */
    record Joined(int lastRank) implements Step {}

    /** A rank has left in good order, so that nothing more can be agreed on. */
    record Left(int rank) implements Step {}

    /** The step as a part of a message. */
    default byte[] encode() {
        MessageWriter writer = new MessageWriter();
        if (this instanceof Run run) {
            writer.number(0);
            writer.number(run.absent());
            writer.number(run.entries().size());
            run.entries().forEach(entry -> write(entry, writer));
        } else if (this instanceof Refuse refuse) {
            writer.number(1);
            writer.text(refuse.name());
            writer.text(refuse.reason());
        } else if (this instanceof Joined joined) {
            writer.number(2);
            writer.number(joined.lastRank());
        } else if (this instanceof Left left) {
            writer.number(3);
            writer.number(left.rank());
        } else {
            throw new AssertionError(this);
        }
        return writer.toBytes();
    }

    private static void write(Entry entry, MessageWriter writer) {
        if (entry.isKnown()) {
            writer.number(1L + entry.number().getAsInt());
            return;
        }
        writer.number(0);
        entry.request().write(writer);
        writer.number(entry.rows().size());
        entry.rows().forEach(writer::number);
        writer.number(entry.number().isPresent() ? 1L + entry.number().getAsInt() : 0);
    }

    /** Reads the next step; entries are resolved, and remembered, as the writer has them. */
    static Step read(MessageReader reader, KnownEntries known) throws IOException {
        return switch (reader.number(3)) {
            case 0 -> {
                int absent = reader.number(Integer.MAX_VALUE);
                int count = reader.count();
                List<Entry> entries = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    entries.add(readEntry(reader, known));
                }
                yield new Run(List.copyOf(entries), absent);
            }
            case 1 -> new Refuse(reader.text(), reader.text());
            case 2 -> new Joined(reader.number(Integer.MAX_VALUE));
            default -> new Left(reader.number(Integer.MAX_VALUE));
        };
    }

    private static Entry readEntry(MessageReader reader, KnownEntries known) throws IOException {
        int head = reader.number(Integer.MAX_VALUE);
        if (head > 0) {
            return known.get(head - 1);
        }
        Request request = Request.read(reader);
        int count = reader.count();
        List<Long> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(reader.number());
        }
        int number = reader.number(Integer.MAX_VALUE) - 1;
        OptionalInt given = number < 0 ? OptionalInt.empty() : OptionalInt.of(number);
        Entry entry = new Entry(request, List.copyOf(rows), given, false);
        known.remember(entry);
        return entry;
    }
}
