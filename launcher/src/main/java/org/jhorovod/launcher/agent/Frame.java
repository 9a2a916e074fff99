package org.jhorovod.launcher.agent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What all commands and events are made of: frames on the pipe, texts and lists within them. */
final class Frame {
    static final int MAX_FRAME_BYTES = 8 * 1024 * 1024;

    private Frame() {}

    static void writeTexts(List<String> texts, DataOutputStream data) throws IOException {
        data.writeInt(texts.size());
        for (String text : texts) {
            writeText(text, data);
        }
    }

    static List<String> readTexts(DataInputStream data) throws IOException {
        List<String> texts = new ArrayList<>();
        for (int left = readCount(data); left > 0; left--) {
            texts.add(readText(data));
        }
        return texts;
    }

    static void writeText(@Nullable String text, DataOutputStream data) throws IOException {
        if (text == null) {
            data.writeInt(-1);
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        data.writeInt(bytes.length);
        data.write(bytes);
    }

    static String readText(DataInputStream data) throws IOException {
        String text = readNullableText(data);
        if (text == null) {
            throw new IOException("a text is missing");
        }
        return text;
    }

    static @Nullable String readNullableText(DataInputStream data) throws IOException {
        int length = data.readInt();
        if (length == -1) {
            return null;
        }
        if (length < 0 || length > data.available()) {
            throw new IOException("a text of %d bytes in a shorter frame".formatted(length));
        }
        return new String(data.readNBytes(length), StandardCharsets.UTF_8);
    }

    static Bytes readRest(DataInputStream data) throws IOException {
        byte[] rest = data.readAllBytes();
        return Bytes.copyOf(rest, rest.length);
    }

    static int readCount(DataInputStream data) throws IOException {
        int count = data.readInt();
        // Every element takes at least the four bytes of its own length.
        if (count < 0 || count > data.available() / Integer.BYTES) {
            throw new IOException("a list of %d elements in a shorter frame".formatted(count));
        }
        return count;
    }

    static <E> E element(E[] values, DataInputStream data) throws IOException {
        int ordinal = data.readByte();
        if (ordinal < 0 || ordinal >= values.length) {
            throw new IOException("unknown value " + ordinal);
        }
        return values[ordinal];
    }

    static void requireEnd(DataInputStream data) throws IOException {
        if (data.available() > 0) {
            throw new IOException("%d bytes too many in a frame".formatted(data.available()));
        }
    }

    static void send(ByteArrayOutputStream body, OutputStream out) throws IOException {
        if (body.size() > MAX_FRAME_BYTES) {
            throw new IOException(
                    "a frame of %d bytes; at most %d are allowed"
                            .formatted(body.size(), MAX_FRAME_BYTES));
        }
        synchronized (out) {
            new DataOutputStream(out).writeInt(body.size());
            body.writeTo(out);
            out.flush();
        }
    }

    static byte @Nullable [] receive(InputStream in) throws IOException {
        byte[] prefix = in.readNBytes(Integer.BYTES);
        if (prefix.length == 0) {
            return null;
        }
        if (prefix.length < Integer.BYTES) {
            throw new EOFException("the pipe ended within a frame");
        }
        int length = new DataInputStream(new ByteArrayInputStream(prefix)).readInt();
        if (length < 1 || length > MAX_FRAME_BYTES) {
            throw new IOException("a frame of %d bytes".formatted(length));
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the pipe ended within a frame");
        }
        return body;
    }
}
