package org.jhorovod.examples;

import org.jspecify.annotations.Nullable;

/**
 * How good a model was at one moment of its training.
 *
 * @param steps that each rank had made
 * @param seconds of training
 * @param accuracy share of the test images that rank 0's model named rightly
 * @param sentBytes by rank 0's host since the start; null, and not in the JSON, where unknown
 */
record CurvePoint(int steps, double seconds, double accuracy, @Nullable Long sentBytes) {}
