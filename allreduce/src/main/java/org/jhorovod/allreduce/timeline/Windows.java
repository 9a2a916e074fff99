package org.jhorovod.allreduce.timeline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/*
 * Time is cut into windows of equal width. When there are too many, two become one and the width doubles:
 * so a run of any length has between MOST/2 and MOST of them.
 */
/** What one rank has done, over time. */
final class Windows {
    private static final long FIRST_WIDTH_NANOS = 250_000_000;
    private static final int MOST_WINDOWS = 8192; // of all ranks
    private static final int MOST_OF_RANK = 240;
    private static final int LEAST_OF_RANK = 16;

    private final long startNanos;
    private final int most;
    private final List<List<Sums>> ranks = new ArrayList<>();
    private long widthNanos = FIRST_WIDTH_NANOS;

    /** What adds up in a window, in nanoseconds where it is a time. */
    static final class Sums {
        long steps;
        long samples;
        long stepNanos;
        long waitedNanos;
        long collectiveNanos;
        long peerNanos;
        long lateNanos;

        private void add(Sums other) {
            steps += other.steps;
            samples += other.samples;
            stepNanos += other.stepNanos;
            waitedNanos += other.waitedNanos;
            collectiveNanos += other.collectiveNanos;
            peerNanos += other.peerNanos;
            lateNanos += other.lateNanos;
        }

        private RunSummary.Window summary() {
            return new RunSummary.Window(
                    steps,
                    samples,
                    stepNanos / 1000,
                    waitedNanos / 1000,
                    collectiveNanos / 1000,
                    peerNanos / 1000,
                    lateNanos / 1000);
        }
    }

    /** Takes a part of a span that lies in one window. */
    interface Share {
        /**
         * Adds the part to the window.
         *
         * @param nanos of the span that lie in the window
         */
        void add(Sums window, long nanos);
    }

    Windows(int size, long startNanos) {
        this.startNanos = startNanos;
        this.most = Math.max(LEAST_OF_RANK, Math.min(MOST_OF_RANK, MOST_WINDOWS / size));
        for (int rank = 0; rank < size; rank++) {
            ranks.add(new ArrayList<>());
        }
    }

    /** The window of a moment; the first for what came before. */
    Sums at(int rank, long nanos) {
        long since = Math.max(0, nanos - startNanos);
        while (since / widthNanos >= most) {
            halve();
        }
        List<Sums> ofRank = ranks.get(rank);
        int index = (int) (since / widthNanos);
        while (ofRank.size() <= index) {
            ofRank.add(new Sums());
        }
        return ofRank.get(index);
    }

    private void halve() {
        widthNanos *= 2;
        ranks.replaceAll((UnaryOperator<List<Sums>>) Windows::halved);
    }

    private static List<Sums> halved(List<Sums> windows) {
        List<Sums> fewer = new ArrayList<>();
        for (int i = 0; i < windows.size(); i++) {
            if (i % 2 == 0) {
                fewer.add(windows.get(i));
            } else {
                fewer.get(i / 2).add(windows.get(i));
            }
        }
        return fewer;
    }

    /** Hands a span out to the windows in which it lies. */
    void spread(int rank, long fromNanos, long durationNanos, Share share) {
        long from = Math.max(startNanos, fromNanos);
        long end = fromNanos + durationNanos;
        while (from < end) {
            Sums window = at(rank, from);
            long next = startNanos + ((from - startNanos) / widthNanos + 1) * widthNanos;
            long part = Math.min(next, end) - from;
            share.add(window, part);
            from += part;
        }
    }

    long widthNanos() {
        return widthNanos;
    }

    List<RunSummary.Window> of(int rank) {
        return ranks.get(rank).stream().map(Sums::summary).toList();
    }
}
