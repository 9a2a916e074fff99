/** Training whose parts are in several modules: in this package for the trainer's own seams. */
@NullMarked
package org.jhorovod.djl;

import org.jspecify.annotations.NullMarked;
