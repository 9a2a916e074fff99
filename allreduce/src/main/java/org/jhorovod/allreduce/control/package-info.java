/**
 * One control connection a peer: who is alive, who left, who aborted, and what each submitted last.
 */
@NullMarked
package org.jhorovod.allreduce.control;

import org.jspecify.annotations.NullMarked;
