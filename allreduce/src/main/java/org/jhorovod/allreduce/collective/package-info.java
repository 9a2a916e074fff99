/** The vocabulary: communicator, topology, tensors, types, operations, and what can go wrong. */
@NullMarked
package org.jhorovod.allreduce.collective;

import org.jspecify.annotations.NullMarked;
