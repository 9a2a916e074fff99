/** The knobs: one constant each, read in one place, checked all at once. */
@NullMarked
package org.jhorovod.allreduce.config;

import org.jspecify.annotations.NullMarked;
