package org.jhorovod.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.jhorovod.djl.checkpoint.CheckpointException;
import org.junit.jupiter.api.Test;

class DataProgressTest {
    private static final List<Long> ORDER = LongStream.range(0, 100).boxed().toList();
    private static final long FINGERPRINT = ShardPlan.fingerprint(ORDER);

    private final DataProgress progress = new DataProgress();

    private static PassOrder order(long pass, long offset) {
        return new PassOrder(pass, 100, offset, 20, FINGERPRINT);
    }

    /** Opens a pass, steps after each of so many batches, and ends it. */
    private void pass(long pass, int steps) {
        assertThat(progress.nextPass()).isEqualTo(pass);
        progress.opened();
        for (int batches = 1; batches <= steps; batches++) {
            progress.stepped(order(pass, 0), batches);
        }
        progress.ended(order(pass, 0));
    }

    private DataProgress resumed() {
        DataProgress other = new DataProgress();
        other.resume(progress.position());
        return other;
    }

    @Test
    void epochs_arePassesWithSteps() {
        pass(0, 5);
        pass(1, 0); // evaluates
        pass(2, 5);
        assertThat(progress.epochs()).isEqualTo(2);
        pass(3, 0);
        progress.opened();
        progress.stepped(order(4, 0), 1);

        assertThat(progress.epochs()).isEqualTo(2);
        assertThat(progress.position().samples()).isEqualTo(20);
    }

    @Test
    void resumed_goesOnInTheSamePass_withTheRest() {
        pass(0, 5);
        pass(1, 0);
        progress.opened();
        progress.stepped(order(2, 0), 2);

        DataProgress after = resumed();

        assertThat(after.epochs()).isEqualTo(1);
        assertThat(after.nextPass()).isEqualTo(2);
        assertThat(after.remaining(ORDER, FINGERPRINT)).isEqualTo(ORDER.subList(40, 100));
        after.opened();
        after.stepped(order(2, 40), 1);
        assertThat(after.position().samples()).isEqualTo(60);
        after.ended(order(2, 40));
        assertThat(after.epochs()).isEqualTo(2);
        assertThat(after.nextPass()).isEqualTo(3);
        assertThat(after.remaining(ORDER, 1)).isEqualTo(ORDER);
    }

    @Test
    void resumed_atTheEndOfAPass_opensItWithNothingLeft() {
        pass(0, 5);

        DataProgress after = resumed();

        assertThat(after.epochs()).isZero();
        assertThat(after.nextPass()).isZero();
        assertThat(after.remaining(ORDER, FINGERPRINT)).isEmpty();
        after.opened();
        after.ended(order(0, 100));
        assertThat(after.epochs()).isEqualTo(1);
    }

    @Test
    void resumed_opensThePassesAgainThatCameBeforeTheFirstWithSteps() {
        pass(0, 0);
        pass(1, 5);
        pass(2, 0);
        progress.opened();
        progress.stepped(order(3, 0), 1);

        DataProgress after = resumed();

        assertThat(after.nextPass()).isZero();
        assertThat(after.isResuming()).isFalse();
        assertThat(after.remaining(ORDER, 5)).isEqualTo(ORDER);
        after.opened();
        assertThat(after.nextPass()).isEqualTo(3);
        assertThat(after.isResuming()).isTrue();
    }

    @Test
    void otherData_isRefused() {
        progress.opened();
        progress.stepped(order(0, 0), 1);

        assertThatThrownBy(() -> resumed().remaining(ORDER, FINGERPRINT + 1))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("20 samples of pass 0")
                .hasMessageContaining("the same data set and sampler");
    }

    @Test
    void stepAfterThePass_countsWhatWasLeftOfIt() {
        progress.opened();
        progress.stepped(order(0, 0), 4);
        progress.ended(order(0, 0));
        progress.steppedOutside();

        assertThat(progress.position().samples()).isEqualTo(100);
    }
}
