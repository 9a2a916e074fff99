package org.jhorovod.djl.local;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a site tells the others at the start of a round.
 *
 * @param round counted from 0
 * @param turn of the fragment with this number, from 0; the first has its turn after every round of
 *     all fragments
 * @param isEnded whether it has come to the end of its pass over the data
 * @param wantsAll whether the next round is to be one of all fragments, for a checkpoint
 * @param steps how many it has made
 * @param samples by fragment, that its changes come from
 */
record Word(
        long round, long turn, boolean isEnded, boolean wantsAll, long steps, List<Long> samples) {
    private static final int NUMBERS = 5;

    static int length(int fragments) {
        return NUMBERS + fragments;
    }

    void write(LongBuffer target) {
        target.put(round).put(turn).put(isEnded ? 1 : 0).put(wantsAll ? 1 : 0).put(steps);
        samples.forEach(target::put);
    }

    static Word read(LongBuffer source, int fragments) {
        long round = source.get();
        long turn = source.get();
        boolean isEnded = source.get() != 0;
        boolean wantsAll = source.get() != 0;
        long steps = source.get();
        List<Long> samples = new ArrayList<>();
        for (int i = 0; i < fragments; i++) {
            samples.add(source.get());
        }
        return new Word(round, turn, isEnded, wantsAll, steps, samples);
    }
}
