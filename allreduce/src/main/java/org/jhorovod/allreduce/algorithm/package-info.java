/** The ring: plans as pure functions, and the exchange that carries them out. */
@NullMarked
package org.jhorovod.allreduce.algorithm;

import org.jspecify.annotations.NullMarked;
