/** Tests of the bridge, on a double of CUDA and NCCL that holds no GPU. */
@NullMarked
package org.jhorovod.nccl;

import org.jspecify.annotations.NullMarked;
