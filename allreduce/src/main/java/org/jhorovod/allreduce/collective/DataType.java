package org.jhorovod.allreduce.collective;

/** The element types that a collective can carry; bytes are in the machine's native order. */
public enum DataType {
    FLOAT32(4),
    FLOAT64(8),
    INT32(4),
    INT64(8);

    private final int byteCount;

    DataType(int byteCount) {
        this.byteCount = byteCount;
    }

    /** Bytes of one element. */
    public int byteCount() {
        return byteCount;
    }
}
