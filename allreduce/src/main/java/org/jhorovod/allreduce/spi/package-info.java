/** What a backend, and a faster reduction kernel, have to provide. */
@NullMarked
package org.jhorovod.allreduce.spi;

import org.jspecify.annotations.NullMarked;
