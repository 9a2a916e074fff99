package org.jhorovod.allreduce.backend.mpi;

/** Reductions of MPI, by the names of its constants. */
enum MpiOp {
    SUM,
    PROD,
    MIN,
    MAX
}
