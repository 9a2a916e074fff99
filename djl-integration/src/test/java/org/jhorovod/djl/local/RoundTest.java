package org.jhorovod.djl.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.djl.local.Round.Next;
import org.jhorovod.djl.local.Round.Rules;
import org.junit.jupiter.api.Test;

class RoundTest {
    // Three fragments take turns, a fourth is in every round.
    private static final Rules RULES = new Rules(4, 3, 0, true);

    private static Word word(long turn, boolean isEnded, boolean wantsAll, Long... samples) {
        return new Word(7, turn, isEnded, wantsAll, 100, List.of(samples));
    }

    private static Word step(Long... samples) {
        return word(1, false, false, samples);
    }

    @Test
    void round_isOfTheFragmentWhoseTurnItIs_andOfThoseInEveryRound() {
        Round round =
                Round.of(List.of(step(5L, 5L, 5L, 5L), step(5L, 5L, 5L, 5L)), Next.FRAGMENT, RULES);

        assertThat(round.fragments()).containsExactly(1, 3);
        assertThat(round.isLast()).isFalse();
        assertThat(round.isInFull()).isFalse();
        assertThat(round.next()).isEqualTo(Next.FRAGMENT);
    }

    @Test
    void aSiteThatHasEnded_takesPartInTheRoundsOfOthers() {
        Round round =
                Round.of(
                        List.of(step(5L, 15L, 5L, 5L), word(1, true, false, 5L, 5L, 5L, 0L)),
                        Next.FRAGMENT,
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
        Round round = Round.of(List.of(ended, ended), Next.FRAGMENT, RULES);

        assertThat(round.fragments()).containsExactly(0, 2, 3);
        assertThat(round.isLast()).isTrue();
        assertThat(round.isInFull()).isTrue();
        assertThat(
                        Round.of(List.of(ended, ended), Next.FRAGMENT, new Rules(4, 3, 0, false))
                                .isInFull())
                .isFalse();
    }

    @Test
    void aSiteThatWantsACheckpoint_makesTheNextRoundOneOfAll() {
        Round asked =
                Round.of(
                        List.of(step(5L, 5L, 5L, 5L), word(1, false, true, 5L, 5L, 5L, 5L)),
                        Next.FRAGMENT,
                        RULES);
        assertThat(asked.next()).isEqualTo(Next.ALL);
        assertThat(asked.isInFull()).isFalse();

        Round given = Round.of(List.of(step(5L, 5L, 5L, 5L)), Next.ALL, RULES);
        assertThat(given.fragments()).containsExactly(0, 1, 2, 3);
        assertThat(given.isInFull()).isTrue();
        assertThat(given.next()).isEqualTo(Next.FRAGMENT);
    }

    @Test
    void sites_stayInStep_untilTheSlowestHasMadeTheStepsInLock() {
        Word slow = new Word(0, 0, false, false, 9, List.of(1L, 1L, 1L, 1L));
        Word fast = new Word(0, 0, false, false, 10, List.of(1L, 1L, 1L, 1L));

        assertThat(Round.of(List.of(slow, fast), Next.LOCK_STEP, new Rules(4, 3, 10, true)).next())
                .isEqualTo(Next.LOCK_STEP);
        assertThat(Round.of(List.of(fast, fast), Next.LOCK_STEP, new Rules(4, 3, 10, true)).next())
                .isEqualTo(Next.FRAGMENT);
    }

    @Test
    void sitesInDifferentRounds_areToldWhich() {
        Word other = new Word(8, 1, false, false, 100, List.of(1L, 1L, 1L, 1L));

        assertThatThrownBy(() -> Round.of(List.of(step(1L, 1L, 1L, 1L), other), Next.ALL, RULES))
                .isInstanceOf(MismatchException.class)
                .hasMessageContainingAll("Site 0", "round 7", "site 1", "round 8");
    }
}
