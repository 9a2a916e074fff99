/** Collectives by Open MPI, through its Java bindings, which are found at run time. */
@NullMarked
package org.jhorovod.allreduce.backend.mpi;

import org.jspecify.annotations.NullMarked;
