/**
 * Listeners for a training of several ranks, to be added with {@code
 * config.addTrainingListeners(...)} on all of them. They report and write on rank 0 only, and work
 * with DJL's own trainer too.
 */
@NullMarked
package org.jhorovod.djl.listener;

import org.jspecify.annotations.NullMarked;
