/** Bytes between neighbouring ranks; a transport knows nothing of tensors. */
@NullMarked
package org.jhorovod.allreduce.transport;

import org.jspecify.annotations.NullMarked;
