package org.jhorovod.djl.budget;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jhorovod.allreduce.codec.Codec;

/**
 * What decides how much of the time communication takes; the same on all ranks.
 *
 * @param link between the sites
 * @param oneConnection the part of the link's rate that one connection reaches, by which gradients
 *     go that are averaged in full in each step; at most 1
 * @param sites how many there are, at least 2
 * @param elements of the model
 * @param stepSeconds that the slowest rank computes in a step
 * @param packingSeconds by the name of a codec: for one element, there and back
 */
public record Conditions(
        Link link,
        double oneConnection,
        int sites,
        long elements,
        double stepSeconds,
        Map<String, Double> packingSeconds) {
    private static final double CUT = 0.8;
    private static final int MOST_CUTS = 40;

    /** Checks the numbers. */
    public Conditions {
        boolean isPart = oneConnection > 0 && oneConnection <= 1;
        if (sites < 2 || elements < 0 || !(stepSeconds > 0) || !isPart) {
            throw new IllegalArgumentException(
                    "There are no such conditions: %d sites, %d elements, %s s a step, %s of the line by a connection."
                            .formatted(sites, elements, stepSeconds, oneConnection));
        }
        packingSeconds = Map.copyOf(packingSeconds);
    }

    /** The line for what travels by one connection alone. */
    Link linkOfOne() {
        return new Link(oneConnection * link.bytesPerSecond(), link.delaySeconds());
    }

    double packingSeconds(Codec codec) {
        return packingSeconds.getOrDefault(codec.name(), 0.0) * elements;
    }

    /** With a rate so low that a way takes such a share of the time, as it has been seen to. */
    public Conditions costing(Way way, double share) {
        Conditions slower = this;
        for (int i = 0; i < MOST_CUTS && Costs.share(way, slower) < share; i++) {
            Link known = slower.link();
            slower = slower.withLink(new Link(CUT * known.bytesPerSecond(), known.delaySeconds()));
        }
        return slower;
    }

    /** The same with another step. */
    public Conditions withStep(double seconds) {
        return new Conditions(link, oneConnection, sites, elements, seconds, packingSeconds);
    }

    /** The same with another line. */
    public Conditions withLink(Link other) {
        return withLink(other, oneConnection);
    }

    /**
     * The same with another line.
     *
     * @param ofOne the part of its rate that one connection reaches
     */
    public Conditions withLink(Link other, double ofOne) {
        return new Conditions(other, ofOne, sites, elements, stepSeconds, packingSeconds);
    }

    /** The same where packing by a codec takes longer or less, and so by all codecs. */
    public Conditions withPacking(Codec codec, double seconds) {
        double before = packingSeconds.getOrDefault(codec.name(), 0.0);
        if (before == 0 || seconds == 0) {
            return this;
        }
        Map<String, Double> others = new HashMap<>(packingSeconds);
        others.replaceAll((name, each) -> each * seconds / before);
        return new Conditions(link, oneConnection, sites, elements, stepSeconds, others);
    }

    /** Half-way to later ones, as one measurement alone says little on busy machines. */
    public Conditions towards(Conditions later) {
        Map<String, Double> packing = new HashMap<>(later.packingSeconds);
        packing.replaceAll((name, each) -> between(packingSeconds.getOrDefault(name, each), each));
        double rate = between(link.bytesPerSecond(), later.link.bytesPerSecond());
        return new Conditions(
                new Link(rate, later.link.delaySeconds()),
                later.oneConnection,
                later.sites,
                later.elements,
                between(stepSeconds, later.stepSeconds),
                packing);
    }

    private static double between(double one, double other) {
        return Math.sqrt(one * other);
    }

    /** In words, for a log. */
    public String describe() {
        return String.format(
                Locale.ROOT,
                "the line between %d sites has %s, a step computes %.1f ms",
                sites,
                link.describe(),
                stepSeconds * 1e3);
    }
}
