/** Programs to start with {@code jhorovodrun --example NAME}, and to copy from. */
@NullMarked
package org.jhorovod.examples;

import org.jspecify.annotations.NullMarked;
