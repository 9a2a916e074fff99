/** Memory between ranks that are threads of one process, for tests. */
@NullMarked
package org.jhorovod.allreduce.transport.inprocess;

import org.jspecify.annotations.NullMarked;
