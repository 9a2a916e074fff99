/** The one thread that runs collectives, in the order in which they were submitted. */
@NullMarked
package org.jhorovod.allreduce.engine;

import org.jspecify.annotations.NullMarked;
