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
 * @param place where it is
 * @param wantsAll whether all ranks should have the same parameters soon, for a checkpoint
 * @param steps how many it has made
 * @param samples by fragment, that its changes come from
 */
record Word(long round, int turn, Place place, boolean wantsAll, long steps, List<Long> samples) {
    private static final int NUMBERS = 5;

    /** Where a site is in its program. */
    enum Place {
        /** In the middle of its steps. */
        STEPPING,
        /** At the end of a pass over the data. */
        END_OF_PASS,
        /** At a call by which all ranks agree. */
        CALL
    }

    static int length(int fragments) {
        return NUMBERS + fragments;
    }

    void write(LongBuffer target) {
        target.put(round).put(turn).put(place.ordinal()).put(wantsAll ? 1 : 0).put(steps);
        samples.forEach(target::put);
    }

    static Word read(LongBuffer source, int fragments) {
        long round = source.get();
        int turn = (int) source.get();
        Place place = Place.values()[(int) source.get()];
        boolean wantsAll = source.get() != 0;
        long steps = source.get();
        List<Long> samples = new ArrayList<>();
        for (int i = 0; i < fragments; i++) {
            samples.add(source.get());
        }
        return new Word(round, turn, place, wantsAll, steps, samples);
    }
}
