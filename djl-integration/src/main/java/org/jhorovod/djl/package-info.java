/**
 * The drop-in for Deep Java Library: {@code DistributedTrainer.create(model, config)} in place of
 * {@code model.newTrainer(config)} makes a training program data-parallel.
 */
@NullMarked
package org.jhorovod.djl;

import org.jspecify.annotations.NullMarked;
