/**
 * The life of a job: one pure state machine, one loop that acts, one verdict on who failed first.
 */
@NullMarked
package org.jhorovod.launcher.job;

import org.jspecify.annotations.NullMarked;
