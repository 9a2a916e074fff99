@NullMarked
package org.jhorovod.djl.checkpoint;

import org.jspecify.annotations.NullMarked;
