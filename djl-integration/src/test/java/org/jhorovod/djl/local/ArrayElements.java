package org.jhorovod.djl.local;

import java.nio.FloatBuffer;

/** A trained parameter in an array. */
record ArrayElements(String name, float[] values) implements Elements {
    @Override
    public long[] shape() {
        return new long[] {values.length};
    }

    @Override
    public boolean isStatistic() {
        return false;
    }

    @Override
    public void read(FloatBuffer target) {
        target.put(values);
    }

    @Override
    public void write(FloatBuffer source) {
        source.get(values);
    }
}
