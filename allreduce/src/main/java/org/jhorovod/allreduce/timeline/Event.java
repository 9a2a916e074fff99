package org.jhorovod.allreduce.timeline;

import java.util.List;

/**
 * Something that has happened on a rank.
 *
 * @param track where it is drawn
 * @param tensor its name; empty where there is none
 * @param startNanos on the rank's clock, or on rank 0's once converted
 * @param durationNanos 0 for an instant
 * @param detail what only some have
 */
record Event(
        Kind kind,
        String track,
        String name,
        String tensor,
        long byteCount,
        long startNanos,
        long durationNanos,
        Detail detail) {

    /** Without details. */
    Event(
            Kind kind,
            String track,
            String name,
            String tensor,
            long byteCount,
            long startNanos,
            long durationNanos) {
        this(kind, track, name, tensor, byteCount, startNanos, durationNanos, Detail.NONE);
    }

    /**
     * What only collectives and steps have, and the packing of tensors.
     *
     * @param sequence of a collective, the same on all ranks; -1 of what is none
     * @param samples of this rank in a step; -1 of what is none
     * @param waitedNanos how long a step waited for other ranks and for their bytes
     * @param party which ranks take part in a collective
     * @param fused which tensors run as one
     */
    record Detail(long sequence, long samples, long waitedNanos, Party party, FusedTensors fused) {
        static final Detail NONE = new Detail(-1, -1, 0, Party.NONE, FusedTensors.NONE);

        static Detail collective(long sequence, Party party, FusedTensors fused) {
            return new Detail(sequence, -1, 0, party, fused);
        }

        static Detail step(long samples, long waitedNanos) {
            return new Detail(-1, samples, waitedNanos, Party.NONE, FusedTensors.NONE);
        }

        static Detail fused(FusedTensors fused) {
            return new Detail(-1, -1, 0, Party.NONE, fused);
        }

        boolean isCollective() {
            return sequence >= 0;
        }

        boolean isStep() {
            return samples >= 0;
        }
    }

    /**
     * The ranks of a communicator, as far as this tells it from others whose rows have the same
     * name: these share no rank.
     *
     * @param firstRank the job's number of its rank 0
     */
    record Party(int firstRank, int size) {
        /** Of what no ranks do together. */
        static final Party NONE = new Party(0, 0);

        static Party of(List<Integer> jobRanks) {
            return new Party(jobRanks.get(0), jobRanks.size());
        }
    }

    /** How it lies among the others of its track. */
    enum Kind {
        /** Apart from each other, or one inside another. */
        SPAN,
        /** Begins and ends whatever the others do. */
        OVERLAPPING,
        /** Takes no time. */
        INSTANT
    }

    /** The same on rank 0's clock. */
    Event on(RankClock clock) {
        long start = clock.onRank0(startNanos);
        long end = clock.onRank0(startNanos + durationNanos);
        return new Event(kind, track, name, tensor, byteCount, start, end - start, detail);
    }
}
