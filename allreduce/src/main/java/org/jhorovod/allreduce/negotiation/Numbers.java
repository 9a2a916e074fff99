package org.jhorovod.allreduce.negotiation;

import java.io.IOException;

/*
 * On the wire, behind an offset that the message has its other heads below:
 *   offset + 2 first              one
 *   offset + 2 first + 1, count   several
 */
/**
 * Numbers that follow one another, under which something has been agreed on.
 *
 * @param count at least 1
 */
record Numbers(int first, int count) {
    /** Of all numbers there are at once. */
    private static final int MOST = 1 << 14;

    int end() {
        return first + count;
    }

    static void write(MessageWriter writer, int offset, int first, int count) {
        writer.number(offset + 2L * first + (count > 1 ? 1 : 0));
        if (count > 1) {
            writer.number(count);
        }
    }

    /**
     * Reads the rest.
     *
     * @param head what came, without the offset
     */
    static Numbers read(MessageReader reader, int head) throws IOException {
        int count = head % 2 == 0 ? 1 : reader.number(MOST);
        if (count < 1) {
            throw new IOException("it sent a row of no numbers");
        }
        return new Numbers(head / 2, count);
    }
}
