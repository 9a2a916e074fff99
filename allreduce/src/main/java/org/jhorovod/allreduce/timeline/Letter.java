package org.jhorovod.allreduce.timeline;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.control.ControlPlane;

/*
 * On the wire: kind:byte, then its fields; a text is its length in two bytes, and UTF-8.
 *
 *   rank 0                                the others
 *     start session        ───────────▶
 *                          ◀───────────   question                  some, one after another, now and then
 *     answer               ───────────▶
 *                          ◀───────────   events                    on rank 0's clock
 *     written              ───────────▶                             makes room for one letter more
 *     stop session         ───────────▶
 *                          ◀───────────   ended                      after the last events
 */
/** What ranks write to each other about their timelines. */
sealed interface Letter {
    int MAX_TEXT_CHARACTERS = 600;

    /** Rank 0 has begun a session. */
    record Start(int session) implements Letter {}

    /** Rank 0 ends a session, or knows nothing of it. */
    record Stop(int session) implements Letter {}

    /** What is the time? */
    record Question(long sentNanos) implements Letter {}

    /** The time of rank 0. */
    record Answer(long sentNanos, long answeredNanos) implements Letter {}

    /**
     * What has happened.
     *
     * @param lost how many events had no room
     */
    record Events(int session, long lost, List<Event> events) implements Letter {}

    /** Rank 0 has written a letter's events. */
    record Written(int session) implements Letter {}

    /** The sender has sent all of a session. */
    record Ended(int session) implements Letter {}

    /** As bytes, which for events may be too many; see {@link #split}. */
    default byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException("bug: memory takes no bytes", e);
        }
        return bytes.toByteArray();
    }

    private void writeTo(DataOutputStream out) throws IOException {
        if (this instanceof Start m) {
            number(out, 0, m.session);
        } else if (this instanceof Stop m) {
            number(out, 1, m.session);
        } else if (this instanceof Question m) {
            out.writeByte(2);
            out.writeLong(m.sentNanos);
        } else if (this instanceof Answer m) {
            out.writeByte(3);
            out.writeLong(m.sentNanos);
            out.writeLong(m.answeredNanos);
        } else if (this instanceof Events m) {
            number(out, 4, m.session);
            out.writeLong(m.lost);
            for (Event event : m.events) {
                write(out, event);
            }
        } else if (this instanceof Written m) {
            number(out, 5, m.session);
        } else if (this instanceof Ended m) {
            number(out, 6, m.session);
        } else {
            throw new AssertionError(this);
        }
    }

    private static void number(DataOutputStream out, int kind, int session) throws IOException {
        out.writeByte(kind);
        out.writeInt(session);
    }

    private static void write(DataOutputStream out, Event event) throws IOException {
        out.writeByte(event.kind().ordinal());
        out.writeUTF(cut(event.track()));
        out.writeUTF(cut(event.name()));
        out.writeUTF(cut(event.tensor()));
        out.writeLong(event.byteCount());
        out.writeLong(event.startNanos());
        out.writeLong(event.durationNanos());
        boolean hasDetail = !event.detail().equals(Event.Detail.NONE);
        out.writeBoolean(hasDetail);
        if (hasDetail) {
            out.writeLong(event.detail().sequence());
            out.writeLong(event.detail().samples());
            out.writeLong(event.detail().waitedNanos());
            out.writeInt(event.detail().party().firstRank());
            out.writeInt(event.detail().party().size());
            out.writeInt(event.detail().fused().count());
            out.writeUTF(cut(event.detail().fused().names()));
        }
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT_CHARACTERS ? text : text.substring(0, MAX_TEXT_CHARACTERS);
    }

    /** As few letters as are small enough to be sent. */
    static List<byte[]> split(Events all) {
        List<byte[]> letters = new ArrayList<>();
        byte[] whole = all.encode();
        int count = all.events.size();
        if (whole.length <= ControlPlane.MAX_LETTER_BYTES || count < 2) {
            letters.add(whole);
            return letters;
        }
        letters.addAll(split(new Events(all.session, all.lost, all.events.subList(0, count / 2))));
        letters.addAll(split(new Events(all.session, 0, all.events.subList(count / 2, count))));
        return letters;
    }

    /**
     * Reads a letter, and believes none of it.
     *
     * @throws IOException if it is none, with a clause about its sender
     */
    static Letter read(ByteBuffer letter) throws IOException {
        byte[] bytes = new byte[letter.remaining()];
        letter.get(bytes);
        ByteArrayInputStream source = new ByteArrayInputStream(bytes);
        try (DataInputStream in = new DataInputStream(source)) {
            Letter read = read(in, source);
            if (source.available() > 0) {
                throw new IOException("it is too long");
            }
            return read;
        } catch (IOException e) {
            throw new IOException("it sent no letter of a timeline: " + e.getMessage(), e);
        }
    }

    private static Letter read(DataInputStream in, ByteArrayInputStream source) throws IOException {
        int kind = in.readByte();
        return switch (kind) {
            case 0 -> new Start(in.readInt());
            case 1 -> new Stop(in.readInt());
            case 2 -> new Question(in.readLong());
            case 3 -> new Answer(in.readLong(), in.readLong());
            case 4 -> {
                int session = in.readInt();
                long lost = in.readLong();
                List<Event> events = new ArrayList<>();
                while (source.available() > 0) {
                    events.add(event(in));
                }
                yield new Events(session, lost, List.copyOf(events));
            }
            case 5 -> new Written(in.readInt());
            case 6 -> new Ended(in.readInt());
            default -> throw new IOException("unknown kind " + kind);
        };
    }

    private static Event event(DataInputStream in) throws IOException {
        int kind = in.readByte();
        if (kind < 0 || kind >= Event.Kind.values().length) {
            throw new IOException("unknown event " + kind);
        }
        return new Event(
                Event.Kind.values()[kind],
                in.readUTF(),
                in.readUTF(),
                in.readUTF(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readBoolean() ? detail(in) : Event.Detail.NONE);
    }

    private static Event.Detail detail(DataInputStream in) throws IOException {
        return new Event.Detail(
                in.readLong(),
                in.readLong(),
                in.readLong(),
                new Event.Party(in.readInt(), in.readInt()),
                new FusedTensors(in.readInt(), in.readUTF()));
    }
}
