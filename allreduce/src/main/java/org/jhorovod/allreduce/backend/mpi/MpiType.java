package org.jhorovod.allreduce.backend.mpi;

/** Element types of MPI, by the names of its constants; bytes are without sign. */
enum MpiType {
    BYTE(Byte.BYTES),
    INT(Integer.BYTES),
    LONG(Long.BYTES),
    FLOAT(Float.BYTES),
    DOUBLE(Double.BYTES);

    private final int byteCount;

    MpiType(int byteCount) {
        this.byteCount = byteCount;
    }

    int byteCount() {
        return byteCount;
    }
}
