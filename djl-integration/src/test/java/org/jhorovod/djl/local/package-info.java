/** Tests of what sites decide and compute, without ranks. */
@NullMarked
package org.jhorovod.djl.local;

import org.jspecify.annotations.NullMarked;
