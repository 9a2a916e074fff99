/** Counters of a rank, as text for Prometheus. */
@NullMarked
package org.jhorovod.allreduce.metrics;

import org.jspecify.annotations.NullMarked;
