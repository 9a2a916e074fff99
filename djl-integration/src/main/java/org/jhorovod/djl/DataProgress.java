package org.jhorovod.djl;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jhorovod.djl.checkpoint.CheckpointException;
import org.jhorovod.djl.checkpoint.Description.Position;

/*
 * Note [Which pass a training resumes in]
 * Passes are numbered, and a pass's number chooses the order of its data. A pass counts as an epoch
 * when a step is made in it: one that only evaluates does not. A program that resumes opens those
 * passes again that came before the first with steps, an evaluation at its start say; the next is
 * the one that the checkpoint was written in, of which only the samples are left that were not
 * stepped, if any. Its order is compared with that of the checkpoint, and no step is made in another
 * before: so no program which does otherwise takes other data for the rest of its epoch.
 */
/** Where a trainer stands in its data. Owned by the training thread. */
final class DataProgress {
    private Position position = Position.START; // of the last step
    private final Set<Long> withSteps = new HashSet<>(); // passes that have not ended
    private int epochs;
    private boolean isEnded; // the pass of the last step
    private long samplesAtEnd; // of that
    private long nextPass;
    private long resumeIn = -1; // the pass that a resumed training goes on in; -1 if none

    /** Takes up what another process came to. */
    void resume(Position from) {
        position = from;
        epochs = from.epochs();
        isEnded = false;
        nextPass = 0;
        resumeIn = from.pass();
        if (resumeIn >= 0) {
            withSteps.add(resumeIn);
        }
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
        if (isResuming()) {
            nextPass = position.nextPass();
            resumeIn = -1;
        } else {
            nextPass++;
        }
    }

    /**
     * Notes a step that was made after so many batches of a pass on each rank.
     *
     * @throws CheckpointException if a resumed training makes it before the pass that it was to go
     *     on in
     */
    void stepped(PassOrder order, long batches) {
        if (resumeIn >= 0) {
            throw new CheckpointException(
                    "The checkpoint was written in pass %d, and passes before pass %d had no steps, but this training makes a step in pass %d. Open the same passes before the first that trains as when it began."
                            .formatted(position.pass(), position.firstPass(), order.pass()));
        }
        withSteps.add(order.pass());
        isEnded = false;
        position =
                new Position(
                        epochs,
                        position.firstPass() < 0 ? order.pass() : position.firstPass(),
                        order.pass(),
                        order.handedOut(batches),
                        order.fingerprint(),
                        nextPass);
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
                            position.fingerprint(),
                            position.nextPass());
        }
    }

    /** Notes that a pass has come to its end on all ranks; returns whether it is an epoch. */
    boolean ended(PassOrder order) {
        if (!withSteps.remove(order.pass())) {
            return false;
        }
        epochs++;
        if (order.pass() == position.pass()) {
            isEnded = true;
            samplesAtEnd = order.samples();
        }
        return true;
    }

    /** Where the last step was made, from where a training resumes. */
    Position position() {
        return position;
    }

    /** How many passes with steps have come to their end. */
    int epochs() {
        return epochs;
    }
}
