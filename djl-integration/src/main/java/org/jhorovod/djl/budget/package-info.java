/**
 * What communication between sites would cost in each way to train, and the choice of one that a
 * budget allows.
 */
@NullMarked
package org.jhorovod.djl.budget;

import org.jspecify.annotations.NullMarked;
