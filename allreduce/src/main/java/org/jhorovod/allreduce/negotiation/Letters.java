package org.jhorovod.allreduce.negotiation;

import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.control.ControlPlane;

/*
 * On the wire: the kind, then
 *   announcement   items, see Announcement
 *   part           the same, of which more follow
 *   steps          see Step
 */
/** What the ranks write to each other. */
final class Letters {

    /** What a letter holds. */
    enum Kind {
        ANNOUNCEMENT,
        PART,
        STEPS
    }

    private Letters() {}

    /** As few as hold all items, which rank 0 takes together. */
    static List<byte[]> announcements(List<Announcement.Item> items) {
        List<byte[]> letters = filled(Kind.ANNOUNCEMENT, Announcement.encode(items));
        for (byte[] letter : letters.subList(0, Math.max(0, letters.size() - 1))) {
            letter[0] = (byte) Kind.PART.ordinal();
        }
        return letters;
    }

    /** As few as hold all steps. */
    static List<byte[]> steps(List<Step> steps) {
        List<byte[]> parts = new ArrayList<>();
        steps.forEach(step -> encode(step, parts));
        return filled(Kind.STEPS, parts);
    }

    /** A run that is too long for a letter becomes several, which are fused less. */
    private static void encode(Step step, List<byte[]> parts) {
        byte[] encoded = step.encode();
        if (step instanceof Step.Run run
                && run.entries().size() > 1
                && encoded.length >= ControlPlane.MAX_LETTER_BYTES) {
            int half = run.entries().size() / 2;
            encode(new Step.Run(run.entries().subList(0, half), run.absent()), parts);
            int end = run.entries().size();
            encode(new Step.Run(run.entries().subList(half, end), run.absent()), parts);
        } else {
            parts.add(encoded);
        }
    }

    private static List<byte[]> filled(Kind kind, List<byte[]> parts) {
        List<byte[]> letters = new ArrayList<>();
        MessageWriter writer = begin(kind);
        boolean isEmpty = true;
        for (byte[] part : parts) {
            if (!isEmpty && writer.byteCount() + part.length > ControlPlane.MAX_LETTER_BYTES) {
                letters.add(writer.toBytes());
                writer = begin(kind);
            }
            writer.append(part);
            isEmpty = false;
        }
        if (!isEmpty) {
            letters.add(writer.toBytes());
        }
        return letters;
    }

    private static MessageWriter begin(Kind kind) {
        MessageWriter writer = new MessageWriter();
        writer.number(kind.ordinal());
        return writer;
    }
}
