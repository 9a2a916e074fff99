/**
 * A training's state on disk: written whole or not at all, and read only where every byte is right.
 */
@NullMarked
package org.jhorovod.djl.checkpoint;

import org.jspecify.annotations.NullMarked;
