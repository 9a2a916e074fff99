/** Unix-domain sockets between the ranks of one host. */
@NullMarked
package org.jhorovod.allreduce.transport.unix;

import org.jspecify.annotations.NullMarked;
