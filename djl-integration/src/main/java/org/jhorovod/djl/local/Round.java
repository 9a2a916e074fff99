package org.jhorovod.djl.local;

import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.MismatchException;

/**
 * What the sites do together in a round, which follows from their words in the same way on each.
 *
 * @param fragments whose changes are averaged, as far as there are any
 * @param isLast whether all sites have come to the end of the pass
 * @param isInFull whether changes travel in full, whatever the codec, and residuals with them
 * @param next what the next round is to be, unless all sites end before
 * @param words of all sites
 */
record Round(
        List<Integer> fragments, boolean isLast, boolean isInFull, Next next, List<Word> words) {

    /** What a round is to be. */
    enum Next {
        /** Of one fragment, when its turn has come. */
        FRAGMENT,
        /** Of all fragments, when the next one's turn has come; nobody steps meanwhile. */
        ALL,
        /** Of all fragments, after one step; nobody steps meanwhile. */
        LOCK_STEP
    }

    /**
     * What all rounds of a training follow; the same on all sites.
     *
     * @param fragments how many there are
     * @param cycle how many of them take turns, the first ones; the others are in every round
     * @param lockSteps for so many steps the sites stay in step
     * @param keepsCheckpoints whether rounds after which one may be written leave no residual
     */
    record Rules(int fragments, int cycle, long lockSteps, boolean keepsCheckpoints) {}

    /**
     * Decides.
     *
     * @param kind what this round was to be
     * @throws MismatchException if the sites are in different rounds
     */
    static Round of(List<Word> words, Next kind, Rules rules) {
        long round = words.get(0).round();
        for (int site = 1; site < words.size(); site++) {
            if (words.get(site).round() != round) {
                throw new MismatchException(
                        "Site 0 is in round %d of its local steps, site %d in round %d: one of them made more steps. Make as many steps on all ranks, or iterate over trainer.iterateDataset(dataset), which takes care of the rest."
                                .formatted(round, site, words.get(site).round()));
            }
        }
        boolean isLast = words.stream().allMatch(Word::isEnded);
        boolean ofAll = kind != Next.FRAGMENT || isLast;
        long turn = words.get(0).turn();
        return new Round(
                IntStream.range(0, rules.fragments())
                        .filter(fragment -> ofAll || fragment == turn || fragment >= rules.cycle())
                        .filter(fragment -> samples(words, fragment) > 0)
                        .boxed()
                        .toList(),
                isLast,
                rules.keepsCheckpoints() && (kind == Next.ALL || isLast),
                next(words, isLast, rules.lockSteps()),
                words);
    }

    private static Next next(List<Word> words, boolean isLast, long lockSteps) {
        if (words.stream().mapToLong(Word::steps).min().orElseThrow() < lockSteps) {
            return Next.LOCK_STEP;
        }
        return !isLast && words.stream().anyMatch(Word::wantsAll) ? Next.ALL : Next.FRAGMENT;
    }

    /** What a site's change of a fragment weighs: its part of the samples. */
    double weight(int site, int fragment) {
        return (double) words.get(site).samples().get(fragment) / samples(words, fragment);
    }

    private static long samples(List<Word> words, int fragment) {
        return words.stream().mapToLong(word -> word.samples().get(fragment)).sum();
    }
}
