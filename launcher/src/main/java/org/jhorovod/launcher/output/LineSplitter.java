package org.jhorovod.launcher.output;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Cuts one stream of bytes into lines at \n, \r and \r\n. Works on bytes, so a character of several
 * bytes that arrives in two reads stays whole. Not safe for use by several threads.
 */
final class LineSplitter {
    // A line without an end is handed on in parts of this many bytes.
    private static final int MAX_PART_BYTES = 64 * 1024;

    /** How a part of the stream ends. */
    enum Ending {
        /** The line goes on. */
        NONE,
        /** The next line follows below. */
        NEWLINE,
        /** The next line overwrites this one, as progress bars do. */
        RETURN
    }

    /** Takes the parts. */
    interface Sink {
        void part(byte[] bytes, Ending ending);
    }

    private final Sink sink;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean isAfterReturn;
    private boolean isLineBegun; // a part of the line was handed on

    LineSplitter(Sink sink) {
        this.sink = sink;
    }

    /** Takes the next bytes and hands on every line that they end. */
    void add(byte[] bytes) {
        for (byte b : bytes) {
            if (isAfterReturn) {
                isAfterReturn = false;
                emit(b == '\n' ? Ending.NEWLINE : Ending.RETURN);
                if (b == '\n') {
                    continue;
                }
            }
            if (b == '\n') {
                emit(Ending.NEWLINE);
            } else if (b == '\r') {
                isAfterReturn = true;
            } else {
                line.write(b);
                if (line.size() >= MAX_PART_BYTES) {
                    flush();
                }
            }
        }
    }

    /** Hands on what is there of an unfinished line, up to its last whole character. */
    void flush() {
        if (isAfterReturn) {
            isAfterReturn = false;
            emit(Ending.RETURN);
            return;
        }
        byte[] bytes = line.toByteArray();
        int whole = bytes.length - incompleteTail(bytes);
        if (whole > 0) {
            line.reset();
            line.write(bytes, whole, bytes.length - whole);
            isLineBegun = true;
            sink.part(Arrays.copyOf(bytes, whole), Ending.NONE);
        }
    }

    /** The stream has ended: hands on all that is left. */
    void end() {
        if (isAfterReturn || isLineBegun || line.size() > 0) {
            isAfterReturn = false;
            emit(Ending.NEWLINE);
        }
    }

    private void emit(Ending ending) {
        byte[] bytes = line.toByteArray();
        line.reset();
        isLineBegun = false;
        sink.part(bytes, ending);
    }

    /** How many bytes at the end begin a UTF-8 character whose rest is missing. */
    private static int incompleteTail(byte[] bytes) {
        for (int back = 1; back <= Math.min(3, bytes.length); back++) {
            int b = bytes[bytes.length - back] & 0xff;
            if (b >= 0xc0) {
                int length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
                return back < length ? back : 0;
            }
            if (b < 0x80) {
                return 0;
            }
        }
        return 0;
    }
}
