package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/*
 * On the wire:
 *   0 absent:number entries:count of each
 *       1 + 2 number                  agreed on before, of all ranks
 *       2 + 2 number, count           that many, under this number and those that follow it
 *       0 request rows number + 1     the rows of each rank, and by what number it is known from now
 *                                     on, or 0
 *   1 name text count ranks           refused
 *   2 rank                            all have joined, that one last
 *   3 rank                            has left
 *   4 MiB milliseconds                how to put together what comes after
 */
/** What all ranks do next; all get the same in the same order. */
public sealed interface Step {
    /** Of the heads of what has been agreed on before. */
    int FIRST_KNOWN = 1;

    /** Of what runs as one. */
    int MOST_ENTRIES = 1 << 20;

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

    /**
     * A tensor that does not run: the ranks do not agree on it, or some of them could not submit
     * it.
     *
     * @param refusedBy the ranks whose own calls failed: what they submit under the name has come
     *     after it
     */
    record Refuse(String name, String reason, List<Integer> refusedBy) implements Step {}

    /** All ranks have joined. */
    record Joined(int lastRank) implements Step {}

    /** A rank has left in good order, so that nothing more can be agreed on. */
    record Left(int rank) implements Step {}

    /** How what is submitted from now on is put together. */
    record Rebatch(Batching batching) implements Step {}

    /** The step as a part of a message. */
    default byte[] encode() {
        MessageWriter writer = new MessageWriter();
        if (this instanceof Run run) {
            writer.number(0);
            writer.number(run.absent());
            writer.number(run.entries().size());
            write(run.entries(), writer);
        } else if (this instanceof Refuse refuse) {
            writer.number(1);
            writer.text(refuse.name());
            writer.text(refuse.reason());
            writer.number(refuse.refusedBy().size());
            refuse.refusedBy().forEach(writer::number);
        } else if (this instanceof Joined joined) {
            writer.number(2);
            writer.number(joined.lastRank());
        } else if (this instanceof Left left) {
            writer.number(3);
            writer.number(left.rank());
        } else if (this instanceof Rebatch rebatch) {
            writer.number(4);
            writer.number(rebatch.batching().fusionMib());
            writer.number(rebatch.batching().cycleMillis());
        } else {
            throw new AssertionError(this);
        }
        return writer.toBytes();
    }

    private static void write(List<Entry> entries, MessageWriter writer) {
        for (int i = 0; i < entries.size(); ) {
            Entry entry = entries.get(i);
            if (entry.isKnown()) {
                int count = countOfRow(entries, i);
                Numbers.write(writer, FIRST_KNOWN, entry.number().getAsInt(), count);
                i += count;
            } else {
                write(entry, writer);
                i++;
            }
        }
    }

    /** How many entries from a known one on have numbers that follow one another; at least 1. */
    private static int countOfRow(List<Entry> entries, int start) {
        int first = entries.get(start).number().getAsInt();
        int end = start + 1;
        while (end < entries.size()
                && entries.get(end).isKnown()
                && entries.get(end).number().getAsInt() == first + end - start) {
            end++;
        }
        return end - start;
    }

    private static void write(Entry entry, MessageWriter writer) {
        writer.number(0);
        entry.request().write(writer);
        writer.number(entry.rows().size());
        entry.rows().forEach(writer::number);
        writer.number(entry.number().isPresent() ? 1L + entry.number().getAsInt() : 0);
    }

    /** Reads the next step; entries are resolved, and remembered, as the writer has them. */
    static Step read(MessageReader reader, KnownEntries known) throws IOException {
        return switch (reader.number(4)) {
            case 0 -> {
                int absent = reader.number(Integer.MAX_VALUE);
                int count = reader.number(MOST_ENTRIES);
                List<Entry> entries = new ArrayList<>();
                while (entries.size() < count) {
                    readEntries(reader, known, entries);
                }
                if (entries.size() > count) {
                    throw new IOException("it ordered more tensors than it said");
                }
                yield new Run(List.copyOf(entries), absent);
            }
            case 1 -> new Refuse(reader.text(), reader.text(), readRanks(reader));
            case 2 -> new Joined(reader.number(Integer.MAX_VALUE));
            case 3 -> new Left(reader.number(Integer.MAX_VALUE));
            default ->
                    new Rebatch(
                            new Batching(
                                    reader.number(Integer.MAX_VALUE),
                                    reader.number(Integer.MAX_VALUE)));
        };
    }

    private static List<Integer> readRanks(MessageReader reader) throws IOException {
        List<Integer> ranks = new ArrayList<>();
        for (int left = reader.count(); left > 0; left--) {
            ranks.add(reader.number(Integer.MAX_VALUE));
        }
        return List.copyOf(ranks);
    }

    private static void readEntries(MessageReader reader, KnownEntries known, List<Entry> entries)
            throws IOException {
        int head = reader.number(Integer.MAX_VALUE);
        if (head >= FIRST_KNOWN) {
            Numbers row = Numbers.read(reader, head - FIRST_KNOWN);
            for (int number = row.first(); number < row.end(); number++) {
                entries.add(known.get(number));
            }
        } else {
            entries.add(readEntry(reader, known));
        }
    }

    private static Entry readEntry(MessageReader reader, KnownEntries known) throws IOException {
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
