package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.djl.local.Round.Kind;
import org.jhorovod.djl.local.Round.Rules;
import org.jhorovod.djl.local.Word.Place;
import org.junit.jupiter.api.Test;

class RoundTest {
    // Three fragments take turns, a fourth is in every round.
    private static final Rules RULES = new Rules(4, 3, 0, true);

    private static Word word(int turn, boolean isEnded, boolean wantsAll, Long... samples) {
        Place place = isEnded ? Place.END_OF_PASS : Place.STEPPING;
        return new Word(7, turn, place, wantsAll, 100, List.of(samples));
    }

    private static Word step(Long... samples) {
        return word(1, false, false, samples);
    }

    @Test
    void round_isOfTheFragmentWhoseTurnItIs_andOfThoseInEveryRound() {
        Round round =
                Round.of(List.of(step(5L, 5L, 5L, 5L), step(5L, 5L, 5L, 5L)), Kind.FRAGMENT, RULES);

        assertThat(round.fragments()).containsExactly(1, 3);
        assertThat(round.isLast()).isFalse();
        assertThat(round.isInFull()).isFalse();
        assertThat(round.next()).isEqualTo(Kind.FRAGMENT);
    }

    @Test
    void aSiteThatHasEnded_takesPartInTheRoundsOfOthers() {
        Round round =
                Round.of(
                        List.of(step(5L, 15L, 5L, 5L), word(1, true, false, 5L, 5L, 5L, 0L)),
                        Kind.FRAGMENT,
                        RULES);

        assertThat(round.fragments()).containsExactly(1, 3);
        assertThat(round.isLast()).isFalse();
        assertThat(round.weight(0, 1)).isEqualTo(0.75);
        assertThat(round.weight(1, 1)).isEqualTo(0.25);
        assertThat(round.weight(1, 3)).isZero();
    }

    @Test
    void theLastRound_isOfAllFragmentsThatHaveMoved_andInFullForACheckpoint() {
        Word ended = word(1, true, false, 5L, 0L, 5L, 5L);
        Round round = Round.of(List.of(ended, ended), Kind.FRAGMENT, RULES);

        assertThat(round.fragments()).containsExactly(0, 2, 3);
        assertThat(round.isLast()).isTrue();
        assertThat(round.isInFull()).isTrue();
        assertThat(
                        Round.of(List.of(ended, ended), Kind.FRAGMENT, new Rules(4, 3, 0, false))
                                .isInFull())
                .isFalse();
    }

    @Test
    void aSiteThatWantsACheckpoint_makesTheKindRoundOneOfAll() {
        Round asked =
                Round.of(
                        List.of(step(5L, 5L, 5L, 5L), word(1, false, true, 5L, 5L, 5L, 5L)),
                        Kind.FRAGMENT,
                        RULES);
        assertThat(asked.next()).isEqualTo(Kind.ALL);
        assertThat(asked.isInFull()).isFalse();

        Round given = Round.of(List.of(step(5L, 5L, 5L, 5L)), Kind.ALL, RULES);
        assertThat(given.fragments()).containsExactly(0, 1, 2, 3);
        assertThat(given.isInFull()).isTrue();
        assertThat(given.next()).isEqualTo(Kind.FRAGMENT);
    }

    @Test
    void sites_stayInStep_untilTheSlowestHasMadeTheStepsInLock() {
        Word slow = new Word(0, 0, Place.STEPPING, false, 9, List.of(1L, 1L, 1L, 1L));
        Word fast = new Word(0, 0, Place.STEPPING, false, 10, List.of(1L, 1L, 1L, 1L));

        assertThat(Round.of(List.of(slow, fast), Kind.LOCK_STEP, new Rules(4, 3, 10, true)).next())
                .isEqualTo(Kind.LOCK_STEP);
        assertThat(Round.of(List.of(fast, fast), Kind.LOCK_STEP, new Rules(4, 3, 10, true)).next())
                .isEqualTo(Kind.FRAGMENT);
    }

    @Test
    void sitesInDifferentRounds_areToldWhich() {
        Word other = new Word(8, 1, Place.STEPPING, false, 100, List.of(1L, 1L, 1L, 1L));

        assertThatThrownBy(() -> Round.of(List.of(step(1L, 1L, 1L, 1L), other), Kind.ALL, RULES))
                .isInstanceOf(MismatchException.class)
                .hasMessageContainingAll("Site 0", "round 7", "site 1", "round 8");
    }

    @Test
    void aRoundOfEverything_givesTheFirstFragmentTheNextTurn() {
        Word word = word(1, false, false, 5L, 5L, 5L, 5L);

        assertThat(Round.of(List.of(word, word), Kind.FRAGMENT, RULES).nextTurn()).isEqualTo(2);
        assertThat(Round.of(List.of(word, word), Kind.ALL, RULES).nextTurn()).isZero();
    }

    @Test
    void aCheckpointThatIsDue_isWrittenAfterARoundInFull_whereOneFragmentIsEverything() {
        Rules whole = new Rules(1, 1, 0, true);
        Word due = word(0, false, true, 5L);
        Round round = Round.of(List.of(due, word(0, false, false, 5L)), Kind.FRAGMENT, whole);

        assertThat(round.isInFull()).isTrue();
        assertThat(round.next()).isEqualTo(Kind.FRAGMENT);
    }

    @Test
    void sitesAtTheEndOfAPass_andOthersAtACall_areToldSo() {
        Word end = word(1, true, false, 5L, 5L, 5L, 5L);
        Word call = new Word(7, 1, Place.CALL, false, 100, List.of(5L, 5L, 5L, 5L));

        assertThatThrownBy(() -> Round.of(List.of(end, call), Kind.FRAGMENT, RULES))
                .isInstanceOf(MismatchException.class)
                .hasMessageContainingAll("end of a pass", "agree()");
    }
}
