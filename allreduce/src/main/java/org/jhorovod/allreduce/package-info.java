/** The door to JHorovod's collectives: {@link org.jhorovod.allreduce.JHorovod}. */
@NullMarked
package org.jhorovod.allreduce;

import org.jspecify.annotations.NullMarked;
