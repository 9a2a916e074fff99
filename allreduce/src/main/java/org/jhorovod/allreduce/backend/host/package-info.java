/** Our own algorithms over our own transports, on host memory. */
@NullMarked
package org.jhorovod.allreduce.backend.host;

import org.jspecify.annotations.NullMarked;
