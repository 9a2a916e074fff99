/**
 * What all ranks agree to run next, where each submits tensors by name in an order of its own: rank
 * 0 gathers what is announced, compares it, and orders what all have.
 */
@NullMarked
package org.jhorovod.allreduce.negotiation;

import org.jspecify.annotations.NullMarked;
