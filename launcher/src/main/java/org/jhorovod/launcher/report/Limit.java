package org.jhorovod.launcher.report;

import java.util.Optional;

/**
 * What limited a run, in words for a person in a hurry.
 *
 * @param sentence the answer
 * @param advice what to look at or to try next
 */
record Limit(String sentence, String advice) {
    private static final double MUCH_WAITING = 0.12;
    static final double ONE_RANK = 0.6; // of all lateness
    private static final double MUCH_COMMUNICATION = 0.2;
    private static final double MUCH_OUTSIDE = 0.4;

    /** The limit of a run of which there are figures. */
    static Limit of(Figures figures) {
        Shares shares = figures.shares();
        Optional<Figures.Slowest> slowest = figures.slowest();
        double most = Math.max(shares.outside(), shares.compute());
        if (shares.waiting() > MUCH_WAITING && shares.waiting() >= shares.communication()) {
            return slowest.filter(rank -> rank.ofAllLate() > ONE_RANK)
                    .map(rank -> ofRank(figures, rank))
                    .orElseGet(() -> byTurns(shares));
        }
        if (shares.communication() > MUCH_COMMUNICATION) {
            return ofCommunication(figures, shares);
        }
        if (!figures.hasSteps()) {
            return withoutSteps(shares);
        }
        return most == shares.outside() && most > MUCH_OUTSIDE
                ? ofOutside(shares)
                : ofCompute(shares);
    }

    private static Limit ofRank(Figures figures, Figures.Slowest slowest) {
        int rank = slowest.rank();
        String host = figures.summary().ranks().get(rank).host();
        String ratio =
                slowest.busyRatio() > 1.05
                        ? "It works %s times as long on a step as the others. "
                                .formatted(Words.ratio(slowest.busyRatio()))
                        : "";
        return new Limit(
                "Rank %d on %s limited this run: without its delays it would have taken up to %s less time."
                        .formatted(rank, host, Words.percent(slowest.lateShare())),
                ratio
                        + "See what else runs on its host, how many cores it has, and whether its"
                        + " data is slower to load. JHOROVOD_BALANCE=true gives slow ranks fewer"
                        + " samples.");
    }

    private static Limit byTurns(Shares shares) {
        return new Limit(
                "Waiting for each other limited this run: %s of the time, now for one rank, now for another."
                        .formatted(Words.percent(shares.waiting())),
                "Steps take unequally long: batches of unequal work, loading of data, garbage"
                        + " collection, or more threads than cores.");
    }

    private static Limit ofCommunication(Figures figures, Shares shares) {
        return new Limit(
                "Communication limited this run: %s of the time went into moving bytes between the ranks."
                        .formatted(Words.percent(shares.communication())),
                figures.hasSteps()
                        ? "Larger batches make fewer steps. Over a slow line, JHOROVOD_CODEC packs"
                                + " what is sent, and JHOROVOD_COMMUNICATION_BUDGET=0.2 trains"
                                + " sites by themselves for some steps."
                        : "The program makes collectives by itself: fewer and larger ones, or"
                                + " asynchronous ones beside its own work, hide more.");
    }

    private static Limit ofOutside(Shares shares) {
        return new Limit(
                "Work outside of training steps limited this run: %s of the time."
                        .formatted(Words.percent(shares.outside())),
                "Loading of data, evaluation, or checkpoints. Load data ahead, evaluate less"
                        + " often, or give each rank more cores.");
    }

    private static Limit ofCompute(Shares shares) {
        return new Limit(
                "Computing limited this run, as it should: %s of the time went into forward and backward passes and updates."
                        .formatted(Words.percent(shares.compute())),
                "More ranks on more cores, hosts or GPUs make it faster.");
    }

    private static Limit withoutSteps(Shares shares) {
        return new Limit(
                "The program's own work limited this run: collectives took %s of the time."
                        .formatted(Words.percent(shares.communication() + shares.waiting())),
                "There are no figures of training steps, as no DistributedTrainer was used.");
    }
}
