package org.jhorovod.djl.local;

import com.google.common.base.Splitter;
import java.util.List;
import java.util.Locale;
import org.jhorovod.allreduce.collective.Communicator;

/**
 * Which ranks are a site: those that have a fast way to each other, and reduce gradients in each
 * step.
 *
 * @param kind what it goes by
 * @param sizes of the sites, whose ranks follow one another; for {@link Kind#SIZES} alone
 */
public record SiteChoice(Kind kind, List<Integer> sizes) {
    /** What {@link #parse} takes, in words. */
    public static final String ALLOWED =
            "auto (hosts; where there is one alone, ranks), host, rank, near (hosts with a round"
                    + " trip of up to 3 ms), or the number of ranks of each site, such as 4,4,2";

    /** What makes a site. */
    public enum Kind {
        /** Each host; where all ranks are on one, each rank. */
        AUTO,
        /** Each host. */
        HOST,
        /** Each rank. */
        RANK,
        /** Hosts with short round trips between them, as measured at the start. */
        NEAR,
        /** So many ranks, one site after another. */
        SIZES
    }

    /**
     * Reads a choice as a user writes it.
     *
     * @throws IllegalArgumentException if it is none, with what is allowed
     */
    public static SiteChoice parse(String text) {
        for (Kind kind : List.of(Kind.AUTO, Kind.HOST, Kind.RANK, Kind.NEAR)) {
            if (kind.name().equals(text.strip().toUpperCase(Locale.ROOT))) {
                return new SiteChoice(kind, List.of());
            }
        }
        try {
            List<Integer> sizes =
                    Splitter.on(',')
                            .trimResults()
                            .splitToStream(text)
                            .map(Integer::valueOf)
                            .toList();
            if (sizes.stream().allMatch(size -> size > 0)) {
                return new SiteChoice(Kind.SIZES, sizes);
            }
        } catch (NumberFormatException e) {
            throw unknown(text);
        }
        throw unknown(text);
    }

    private static IllegalArgumentException unknown(String text) {
        return new IllegalArgumentException(
                "There are no sites '%s'. Use %s.".formatted(text, ALLOWED));
    }

    Communicator divide(Communicator job, String name) {
        return switch (kind) {
            case RANK -> job.split(name, job.rank());
            case HOST -> job.split(name, Communicator.BY_HOST);
            case AUTO ->
                    job.topology().isOneHost()
                            ? job.split(name, job.rank())
                            : job.split(name, Communicator.BY_HOST);
            case NEAR -> job.split(name, RoundTrips.site(job, name));
            case SIZES -> job.split(name, site(job));
        };
    }

    /**
     * Makes sure that a job of so many ranks can be divided so.
     *
     * @throws IllegalArgumentException if not
     */
    public void requireFit(int ranks) {
        int sum = sizes.stream().mapToInt(Integer::intValue).sum();
        if (kind == Kind.SIZES && sum != ranks) {
            throw new IllegalArgumentException(
                    "The sites %s have %d ranks together, but the job has %d. Give numbers that add up to it, or host."
                            .formatted(sizes, sum, ranks));
        }
    }

    private int site(Communicator job) {
        int end = 0;
        int site = -1;
        while (end <= job.rank()) {
            site++;
            end += sizes.get(site);
        }
        return site;
    }
}
