package org.jhorovod.allreduce.negotiation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/*
 * On the wire, for each item:
 *   0                                 the rank has joined
 *   1 and the request                 a tensor
 *   2 + number                        a tensor that has been agreed on under this number
 */
/**
 * What a rank tells rank 0 that it has submitted since it told it last.
 *
 * @param items in the order of their submission
 */
public record Announcement(List<Item> items) {
    private static final int JOIN = 0;
    private static final int FRESH = 1;
    private static final int FIRST_KNOWN = 2;

    /** One thing that a rank has submitted. */
    public sealed interface Item permits Fresh, Known, Join {}

    /** A tensor in full. */
    public record Fresh(Request request) implements Item {}

    /** A tensor of which all ranks know by a number what each of them submits. */
    public record Known(int number) implements Item {}

    /** The rank has nothing more to submit. */
    public record Join() implements Item {}

    /** Takes the items as they are. */
    public Announcement {
        items = List.copyOf(items);
    }

    static byte[] encode(Item item) {
        MessageWriter writer = new MessageWriter();
        if (item instanceof Fresh fresh) {
            writer.number(FRESH);
            fresh.request().write(writer);
        } else if (item instanceof Known known) {
            writer.number(FIRST_KNOWN + (long) known.number());
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
            items.add(
                    switch (head) {
                        case JOIN -> new Join();
                        case FRESH -> new Fresh(Request.read(reader));
                        default -> new Known(head - FIRST_KNOWN);
                    });
        }
        return new Announcement(items);
    }
}
