/** Finds by measurement how a trainer's gradients are reduced fastest. */
@NullMarked
package org.jhorovod.djl.tuning;

import org.jspecify.annotations.NullMarked;
