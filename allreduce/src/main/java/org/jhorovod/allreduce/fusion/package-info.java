/** Which tensors run together, as one. */
@NullMarked
package org.jhorovod.allreduce.fusion;

import org.jspecify.annotations.NullMarked;
