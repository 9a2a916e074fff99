package org.jhorovod.djl.local;

import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.MismatchException;

/**
 * What the sites do together in a round, which follows from their words in the same way on each.
 *
 * @param fragments whose changes are averaged, as far as there are any
 * @param isLast whether all sites have come to where they are to agree
 * @param isInFull whether changes travel in full, whatever the codec, and residuals with them
 * @param next what the next round is to be, unless all sites agree before
 * @param nextTurn the fragment whose turn it is then
 * @param words of all sites
 */
record Round(
        List<Integer> fragments,
        boolean isLast,
        boolean isInFull,
        Kind next,
        int nextTurn,
        List<Word> words) {

    /** What a round is to be. */
    enum Kind {
        /** Of one fragment, when its turn has come. */
        FRAGMENT,
        /** Of all fragments, when the next one's turn has come; nobody steps meanwhile. */
        ALL,
        /** Of all fragments, after one step, by averaging; nobody steps meanwhile. */
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
    static Round of(List<Word> words, Kind kind, Rules rules) {
        requireSame(words);
        int turn = words.get(0).turn();
        boolean isLast = words.stream().noneMatch(word -> word.place() == Word.Place.STEPPING);
        boolean ofAll = kind != Kind.FRAGMENT || isLast;
        boolean isWanted = words.stream().anyMatch(Word::wantsAll);
        boolean ofEverything = ofAll || rules.cycle() == 1;
        boolean isInFull =
                rules.keepsCheckpoints()
                        && ofEverything
                        && (isLast || kind == Kind.ALL || isWanted);
        return new Round(
                IntStream.range(0, rules.fragments())
                        .filter(fragment -> ofAll || fragment == turn || fragment >= rules.cycle())
                        .filter(fragment -> samples(words, fragment) > 0)
                        .boxed()
                        .toList(),
                isLast,
                isInFull,
                next(words, isWanted && !ofEverything, rules.lockSteps()),
                ofAll ? 0 : (turn + 1) % rules.cycle(),
                words);
    }

    private static void requireSame(List<Word> words) {
        Word first = words.get(0);
        for (int site = 1; site < words.size(); site++) {
            Word other = words.get(site);
            if (other.round() != first.round() || other.turn() != first.turn()) {
                throw new MismatchException(
                        "Site 0 is in round %d of its local steps, site %d in round %d: one of them made more steps. Make as many steps on all ranks, or iterate over trainer.iterateDataset(dataset), which takes care of the rest."
                                .formatted(first.round(), site, other.round()));
            }
        }
        List<Word.Place> places =
                words.stream()
                        .map(Word::place)
                        .filter(place -> place != Word.Place.STEPPING)
                        .distinct()
                        .toList();
        if (places.size() > 1) {
            throw new MismatchException(
                    "Some sites have come to the end of a pass over their data, others to a call of"
                        + " trainer.agree() or checkpoint(), or to the start of a pass. Make those"
                        + " calls after the same step on all ranks, before the first rank's end of"
                        + " the pass.");
        }
    }

    private static Kind next(List<Word> words, boolean isAllWanted, long lockSteps) {
        if (words.stream().mapToLong(Word::steps).min().orElseThrow() < lockSteps) {
            return Kind.LOCK_STEP;
        }
        return isAllWanted ? Kind.ALL : Kind.FRAGMENT;
    }

    /** What a site's change of a fragment weighs: its part of the samples. */
    double weight(int site, int fragment) {
        return (double) words.get(site).samples().get(fragment) / samples(words, fragment);
    }

    private static long samples(List<Word> words, int fragment) {
        return words.stream().mapToLong(word -> word.samples().get(fragment)).sum();
    }
}
