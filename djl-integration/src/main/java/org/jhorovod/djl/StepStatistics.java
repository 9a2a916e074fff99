package org.jhorovod.djl;

/**
 * What a trainer has done so far, for reports.
 *
 * @param steps how many updates it made
 * @param samples how many samples these updates saw, over all ranks
 * @param waitingShare the share of the steps, each from its first forward pass to its update, that
 *     this rank spent waiting for other ranks or for their bytes, 0 to 1
 */
public record StepStatistics(long steps, long samples, double waitingShare) {}
