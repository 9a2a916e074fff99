/** Memory that the ranks of one host share. */
@NullMarked
package org.jhorovod.allreduce.transport.shm;

import org.jspecify.annotations.NullMarked;
