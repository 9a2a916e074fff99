package org.jhorovod.launcher.agent;

import java.util.Arrays;

/** An immutable piece of a stream of bytes. */
public final class Bytes {
    private final byte[] content;

    private Bytes(byte[] content) {
        this.content = content;
    }

    /** Copies the first bytes of an array. */
    public static Bytes copyOf(byte[] bytes, int byteCount) {
        return new Bytes(Arrays.copyOf(bytes, byteCount));
    }

    /** A copy of the content. */
    public byte[] toArray() {
        return content.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(content, that.content);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return content.length + " bytes";
    }
}
