package org.jhorovod.djl.budget;

import org.jhorovod.allreduce.codec.BucketLayout;
import org.jhorovod.allreduce.codec.Codec;

/*
 * Note [What a way costs]
 *
 * The share of the time in which the training thread waits, or works for communication instead of for
 * the model:
 *
 *   each step       the samples' all-gather, then each bucket; in full by one connection, whatever else
 *                   has several. Nothing is taken off for what runs during backward: where that matters,
 *                   the line is fast enough anyway
 *   one fragment    every h steps the sites' word, an exchange of all changes, and the copies of the
 *                   parameters
 *   several         the exchange goes on beside the h / fragments steps until the next turn, and costs
 *                   what it is longer than these; but the cores that pack compute nothing meanwhile
 */
/** What communication in some way costs, forecast. */
final class Costs {
    private static final int SAMPLE_ELEMENTS = 1 << 20;
    private static final long BUCKET_BYTES = 8 << 20;

    /** Reading, subtracting, adding and writing float32 of memory, on one core. */
    private static final double COPY_SECONDS = 4e-9;

    /** A round beside steps takes longer than one that has all cores. */
    private static final double BESIDE = 1.25;

    private Costs() {}

    /** The share of the time that goes to communication, from 0 to less than 1. */
    static double share(Way way, Conditions conditions) {
        double steps = Math.max(1, way.localSteps()) * conditions.stepSeconds();
        double waiting =
                way.isInStep()
                        ? inStepSeconds(way.codec(), conditions)
                        : localSeconds(way, conditions, steps);
        return waiting / (waiting + steps);
    }

    private static double inStepSeconds(Codec codec, Conditions conditions) {
        long bytes = conditions.elements() * Float.BYTES;
        long buckets = 1 + bytes / BUCKET_BYTES;
        Link link = codec.name().equals("none") ? conditions.linkOfOne() : conditions.link();
        return link.seconds(0, 1)
                + exchangeSeconds(codec, conditions, link, buckets)
                + conditions.packingSeconds(codec);
    }

    private static double localSeconds(Way way, Conditions conditions, double stepsSeconds) {
        double working =
                conditions.packingSeconds(way.codec()) + COPY_SECONDS * conditions.elements();
        double sending =
                way.fragments() * conditions.link().seconds(0, 1)
                        + exchangeSeconds(
                                way.codec(), conditions, conditions.link(), way.fragments());
        if (way.fragments() == 1) {
            return working + sending;
        }
        return working + Math.max(0, BESIDE * (working + sending) - stepsSeconds);
    }

    private static double exchangeSeconds(
            Codec codec, Conditions conditions, Link link, long parts) {
        int sites = conditions.sites();
        BucketLayout sample = BucketLayout.ofShapes(new long[] {SAMPLE_ELEMENTS});
        double bytes =
                (double) codec.bytesSent(sample, sites) / SAMPLE_ELEMENTS * conditions.elements();
        return link.seconds(bytes, parts * messages(codec));
    }

    /** An all-reduce goes around the ring twice, an all-gather once. */
    private static double messages(Codec codec) {
        return codec.name().equals("none") ? 2 : 1;
    }
}
