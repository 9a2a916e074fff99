package org.jhorovod.djl.local;

import java.nio.FloatBuffer;

/** The elements of a parameter, as float32. Used by the training thread, or while that waits. */
public interface Elements {

    /** The parameter's name on all ranks. */
    String name();

    /** The parameter's shape. */
    long[] shape();

    /** Whether the model moves it by itself, as batch norm does its running statistics. */
    boolean isStatistic();

    /** Puts all elements into a buffer, from its position on. */
    void read(FloatBuffer target);

    /** Replaces all elements by those of a buffer, from its position on. */
    void write(FloatBuffer source);

    /** How many there are. */
    default int count() {
        long count = 1;
        for (long length : shape()) {
            count = Math.multiplyExact(count, length);
        }
        return Math.toIntExact(count);
    }
}
