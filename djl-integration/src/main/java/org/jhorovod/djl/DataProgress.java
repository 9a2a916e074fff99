package org.jhorovod.djl;

import java.util.List;
import org.jhorovod.djl.checkpoint.CheckpointException;
import org.jhorovod.djl.checkpoint.Description.Position;

/*
 * Note [Which pass a training resumes in]
 * Passes are numbered, and a pass's number chooses the order of its data. A pass counts as an epoch
 * when a step is made in it: one that only evaluates does not. A program that resumes opens those
 * passes again that came before the first with steps, an evaluation at its start say; the next is
 * the one that the checkpoint was written in, of which only the samples are left that were not
 * stepped, if any. Its order is compared with that of the checkpoint, so that no program which does
 * otherwise takes other data for the rest of its epoch.
 */
/** Where a trainer stands in its data. Owned by the training thread. */
final class DataProgress {
    private Position position = Position.START;
    private boolean isEnded;
    private long samplesAtEnd; // of the pass that has ended
    private long nextPass;
    private long resumeIn = -1; // the pass that a resumed training goes on in; -1 if none

    /** Takes up what another process came to. */
    void resume(Position from) {
        position = from;
        isEnded = false;
        nextPass = 0;
        resumeIn = from.pass();
    }

    /** The number of the pass that is opened next. */
    long nextPass() {
        boolean isPreamble = resumeIn >= 0 && nextPass < position.firstPass();
        return resumeIn >= 0 && !isPreamble ? resumeIn : nextPass;
    }

    /** Whether the pass that is opened next is the one that a resumed training goes on in. */
    boolean isResuming() {
        return resumeIn >= 0 && nextPass() == resumeIn;
    }

    /**
     * What is left of the order of the next pass.
     *
     * @param fingerprint of the order
     * @throws CheckpointException if it is not the order of the checkpoint
     */
    List<Long> remaining(List<Long> order, long fingerprint) {
        if (!isResuming() || position.samples() == 0) {
            return order;
        }
        if (fingerprint != position.fingerprint() || order.size() < position.samples()) {
            throw new CheckpointException(
                    "The checkpoint was written after %d samples of pass %d, but this pass %d has other data, or another order of it (%d samples). Resume with the same data set and sampler, and open the same passes before the first that trains."
                            .formatted(
                                    position.samples(), position.pass(), nextPass(), order.size()));
        }
        return order.subList(Math.toIntExact(position.samples()), order.size());
    }

    /** Notes that the next pass is open. */
    void opened() {
        boolean isResumed = isResuming();
        nextPass = nextPass() + 1;
        if (isResumed) {
            resumeIn = -1;
        }
    }

    /** Notes a step that was made after so many batches of a pass on each rank. */
    void stepped(PassOrder order, long batches) {
        boolean isFirst = position.pass() < 0;
        boolean isNext = !isFirst && order.pass() != position.pass();
        position =
                new Position(
                        isNext ? position.epochs() + 1 : position.epochs(),
                        isFirst ? order.pass() : position.firstPass(),
                        order.pass(),
                        order.handedOut(batches),
                        order.fingerprint());
        isEnded = false;
    }

    /** Notes a step after the pass before it had ended, of what was left of an accumulation. */
    void steppedOutside() {
        if (isEnded) {
            position =
                    new Position(
                            position.epochs(),
                            position.firstPass(),
                            position.pass(),
                            samplesAtEnd,
                            position.fingerprint());
        }
    }

    /** Notes that a pass has come to its end on all ranks; returns whether it is an epoch. */
    boolean ended(PassOrder order) {
        if (order.pass() != position.pass()) {
            return false;
        }
        isEnded = true;
        samplesAtEnd = order.samples();
        return true;
    }

    Position position() {
        return position;
    }

    int epochs() {
        return isEnded ? position.epochs() + 1 : position.epochs();
    }
}
