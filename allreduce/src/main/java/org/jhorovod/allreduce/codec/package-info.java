/**
 * How buckets of float32 become fewer bytes on a slow line between sites, and their sum comes back.
 */
@NullMarked
package org.jhorovod.allreduce.codec;

import org.jspecify.annotations.NullMarked;
