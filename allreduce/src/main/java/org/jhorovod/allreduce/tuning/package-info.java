/** Finds by measurement which of several ways is the fastest. */
@NullMarked
package org.jhorovod.allreduce.tuning;

import org.jspecify.annotations.NullMarked;
