package org.jhorovod.djl.listener;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;

/*
 * The samples that are still to come, at the speed of late, and as many pauses as epochs are left.
 * How many samples an epoch has is known from the last one; in the first it is taken from the share
 * of it that has been trained. How long a pause between two epochs lasts, validation above all, is
 * known from the second epoch on.
 */

/** How long a training will still take. */
final class TimeLeft {
    private final int epochs;
    private long samplesBefore; // of the epoch, by the process that it was resumed from
    private long samplesAtStart; // of the epoch in this process
    private long samplesNow;
    private double share; // of the pass, with the batch that is not stepped yet; NaN if unknown
    private double steppedShare; // without it
    private boolean isInEpoch;
    private long samplesOfLastEpoch; // 0 if unknown
    private long pausedNanos;
    private int pauses;

    /**
     * Of a training that has not begun.
     *
     * @param epochs how many it will have
     */
    TimeLeft(int epochs) {
        this.epochs = epochs;
    }

    /** Notes how many samples of the first epoch had been trained when it was resumed. */
    void resumed(long samples) {
        samplesBefore = samples;
    }

    /**
     * Notes a training batch.
     *
     * @param samples that have been trained on before it, over all ranks
     * @param shareOfPass that has been handed out up to and with it, 0 to 1; NaN if unknown
     */
    void batch(long samples, double shareOfPass) {
        if (isInEpoch) {
            steppedShare = share;
        } else {
            isInEpoch = true;
            samplesAtStart = samples;
            steppedShare = 0;
        }
        share = shareOfPass;
        samplesNow = samples;
    }

    /** Notes the end of an epoch, with all samples that have been trained on. */
    void epochEnded(long samples) {
        samplesOfLastEpoch = isInEpoch ? samplesBefore + samples - samplesAtStart : 0;
        samplesBefore = 0;
        isInEpoch = false;
    }

    /** Notes how long it took from an epoch's last training batch to the next one's first. */
    void paused(long nanos) {
        pausedNanos += nanos;
        pauses++;
    }

    /** The share of the epoch that has been trained, 0 to 1. */
    OptionalDouble shareOfEpoch() {
        if (trained() == 0) {
            return OptionalDouble.of(0);
        }
        double perEpoch = samplesPerEpoch();
        return perEpoch > 0
                ? OptionalDouble.of(Math.min(trained() / perEpoch, 1))
                : OptionalDouble.empty();
    }

    /** The samples of the epoch that have been trained on. */
    private long trained() {
        return samplesBefore + samplesNow - samplesAtStart;
    }

    /**
     * The time left; empty as long as nothing is known to take it from.
     *
     * @param epochsDone how many have ended
     * @param samplesPerSecond of late
     */
    Optional<Duration> estimate(int epochsDone, double samplesPerSecond) {
        double perEpoch = samplesPerEpoch();
        if (perEpoch <= 0 || !(samplesPerSecond > 0)) {
            return Optional.empty();
        }
        int epochsLeft = Math.max(0, epochs - epochsDone);
        double samplesLeft = Math.max(0, epochsLeft * perEpoch - trained());
        double pause = pauses == 0 ? 0 : (double) pausedNanos / pauses;
        double nanos = samplesLeft / samplesPerSecond * 1e9 + pause * epochsLeft;
        return Optional.of(Duration.ofNanos(Math.round(nanos)));
    }

    /** 0 if unknown. */
    private double samplesPerEpoch() {
        if (samplesOfLastEpoch > 0) {
            return samplesOfLastEpoch;
        }
        return steppedShare > 0 ? samplesBefore + (samplesNow - samplesAtStart) / steppedShare : 0;
    }
}
