package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/*
 * On the wire, for each item:
 *   0                                 the rank has joined
 *   1 and the request                 a tensor
 *   2 and name, group, reason         a call that the rank itself has refused
 *   3 + 2 number                      a tensor that has been agreed on under this number
 *   4 + 2 number, count               that many, under this number and those that follow it
 */
/**
 * What a rank tells rank 0 that it has submitted since it told it last.
 *
 * @param items in the order of their submission
 */
public record Announcement(List<Item> items) {
    private static final int JOIN = 0;
    private static final int FRESH = 1;
    private static final int REFUSED = 2;
    private static final int FIRST_KNOWN = 3;
    private static final int MOST_ITEMS = 1 << 20;

    /** One thing that a rank has submitted. */
    public sealed interface Item permits Fresh, Known, Refused, Join {}

    /** A tensor in full. */
    public record Fresh(Request request) implements Item {}

    /** A tensor of which all ranks know by a number what each of them submits. */
    public record Known(int number) implements Item {}

    /**
     * A call that failed on this rank before it submitted anything, so that the others are not left
     * to wait for it.
     *
     * @param name of the tensor
     * @param group of which the tensor would have been one; empty for none
     * @param reason in words for users
     */
    public record Refused(String name, String group, String reason) implements Item {}

    /** The rank has nothing more to submit. */
    public record Join() implements Item {}

    /** Takes the items as they are. */
    public Announcement {
        items = List.copyOf(items);
    }

    /** The items, one by one or a row of numbers at once, as parts of messages. */
    static List<byte[]> encode(List<Item> items) {
        List<byte[]> parts = new ArrayList<>();
        for (int i = 0; i < items.size(); ) {
            int count = countOfRow(items, i);
            parts.add(encode(items.get(i), count));
            i += count;
        }
        return parts;
    }

    /** How many items from here on have numbers that follow one another; at least 1. */
    private static int countOfRow(List<Item> items, int start) {
        int end = start + 1;
        if (items.get(start) instanceof Known first) {
            while (end < items.size()
                    && items.get(end) instanceof Known next
                    && next.number() == first.number() + end - start) {
                end++;
            }
        }
        return end - start;
    }

    private static byte[] encode(Item item, int count) {
        MessageWriter writer = new MessageWriter();
        if (item instanceof Fresh fresh) {
            writer.number(FRESH);
            fresh.request().write(writer);
        } else if (item instanceof Known known) {
            Numbers.write(writer, FIRST_KNOWN, known.number(), count);
        } else if (item instanceof Refused refused) {
            writer.number(REFUSED);
            writer.text(refused.name());
            writer.text(refused.group());
            writer.text(refused.reason());
        } else if (item instanceof Join) {
            writer.number(JOIN);
        } else {
            throw new AssertionError(item);
        }
        return writer.toBytes();
    }

    static Announcement read(MessageReader reader) throws IOException {
        List<Item> items = new ArrayList<>();
        while (reader.hasMore()) {
            int head = reader.number(Integer.MAX_VALUE);
            switch (head) {
                case JOIN -> items.add(new Join());
                case FRESH -> items.add(new Fresh(Request.read(reader)));
                case REFUSED -> items.add(new Refused(reader.text(), reader.text(), reader.text()));
                default -> {
                    Numbers row = Numbers.read(reader, head - FIRST_KNOWN);
                    for (int number = row.first(); number < row.end(); number++) {
                        items.add(new Known(number));
                    }
                }
            }
            if (items.size() > MOST_ITEMS) {
                throw new IOException("it announced too many tensors at once");
            }
        }
        return new Announcement(items);
    }
}
