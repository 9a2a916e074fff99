/**
 * What every backend has to do, as programs that all ranks run: {@link
 * org.jhorovod.allreduce.conformance.BackendConformance} is where a backend's test starts.
 */
@NullMarked
package org.jhorovod.allreduce.conformance;

import org.jspecify.annotations.NullMarked;
