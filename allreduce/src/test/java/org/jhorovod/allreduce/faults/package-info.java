/**
 * Random jobs to which something happens at a random moment: a {@link
 * org.jhorovod.allreduce.faults.Trial} says what, all of it drawn from one seed.
 */
@NullMarked
package org.jhorovod.allreduce.faults;

import org.jspecify.annotations.NullMarked;
