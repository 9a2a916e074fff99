/** Collectives between GPUs through NVIDIA's NCCL, as a backend of the all-reduce module. */
@NullMarked
package org.jhorovod.nccl;

import org.jspecify.annotations.NullMarked;
