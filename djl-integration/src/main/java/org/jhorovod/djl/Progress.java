package org.jhorovod.djl;

/**
 * How far a training is, over all of its attempts, the same on all ranks.
 *
 * @param steps how many updates were made
 * @param epochs how many passes over data with steps in them have come to their end
 * @param epochSamples how many samples of the pass that the last step was in were stepped, over all
 *     ranks; 0 where the trainer did not hand them out
 */
public record Progress(long steps, int epochs, long epochSamples) {}
