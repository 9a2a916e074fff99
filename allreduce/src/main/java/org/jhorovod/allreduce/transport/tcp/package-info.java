/** TCP between any two hosts. */
@NullMarked
package org.jhorovod.allreduce.transport.tcp;

import org.jspecify.annotations.NullMarked;
