/** What happened when, on all ranks and on one clock: spans and instants, in one file. */
@NullMarked
package org.jhorovod.allreduce.timeline;

import org.jspecify.annotations.NullMarked;
