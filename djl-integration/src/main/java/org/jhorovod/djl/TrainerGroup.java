package org.jhorovod.djl;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jspecify.annotations.Nullable;

/*
 * Note [How ranks with unequal shards stay in step]
 *
 * Shards may differ by a sample, so one rank may have a batch more than another, and nobody knows
 * after which batches a program steps. All ranks know each other's batch counts from a pass's
 * start. As long as they were equal in every pass, equal programs step in step. From the first pass
 * on in which they are not, every step of any trainer is announced (a small all-reduce of its
 * trainer's number). A rank that is through with a pass answers the announcements from inside
 * hasNext(), makes each announced step with it, with the samples that it has not stepped yet or
 * with weight 0, and leaves when all ranks have announced a pass's end. An evaluation pass has no
 * steps, so there the only announcement is the end: nobody has to know which kind a pass is. Later
 * passes with equal counts are no exception: a program that counts its batches over several passes
 * now has another count on each rank.
 */

/**
 * The trainers of one communicator, and the pass over data that they are in. Owned by the training
 * thread.
 */
final class TrainerGroup {
    /** Announced by a rank that has come to the end of its pass. */
    private static final int END = -1;

    private static final String ANNOUNCEMENT = "step-or-end-of-pass";

    // The groups outlive no communicator; there is one per process outside of tests.
    private static final Map<Communicator, TrainerGroup> GROUPS = new WeakHashMap<>();

    private final List<@Nullable DistributedTrainer> trainers = new ArrayList<>(); // null: closed
    private final HostTensor announcement = HostTensor.allocate(DataType.INT32, 1);
    private @Nullable Pass current; // null outside of every pass
    private boolean hasLocal; // the trainer that is open alone
    private boolean isAnnouncing;
    private boolean toldUnsharded;

    private TrainerGroup() {}

    static synchronized TrainerGroup of(Communicator communicator) {
        return GROUPS.computeIfAbsent(communicator, c -> new TrainerGroup());
    }

    /**
     * Adds a trainer and returns its number, which is the same on all ranks.
     *
     * @param isLocal whether it makes local steps
     * @throws IllegalStateException if there are several then, one of them with local steps: the
     *     ranks do not know which of them the others step
     */
    int add(DistributedTrainer trainer, boolean isLocal) {
        boolean isAlone = trainers.stream().allMatch(Objects::isNull);
        if (!isAlone && (isLocal || hasLocal)) {
            throw new IllegalStateException(
                    "Local steps are for one trainer at a time, but this process has another that"
                            + " is open. Close it first, or train without local steps"
                            + " (JHOROVOD_LOCAL_STEPS=0, and no JHOROVOD_COMMUNICATION_BUDGET).");
        }
        hasLocal = isLocal;
        trainers.add(trainer);
        return trainers.size() - 1;
    }

    /** Forgets a trainer that is closed, and the pass that it may have left in the middle. */
    void remove(int number) {
        trainers.set(number, null);
        Pass pass = current;
        if (pass != null && pass.owner() == number) {
            current = null;
        }
    }

    @Nullable Pass currentPass() {
        return current;
    }

    void enter(@Nullable Pass pass) {
        current = pass;
    }

    /**
     * The batch that a model's input comes from: the one that holds the input's memory; otherwise,
     * as the input may have been computed from it, the open batch of the innermost pass.
     */
    Pass.@Nullable HandedBatch batchOf(NDList input) {
        NDManager memory = input.isEmpty() ? null : input.head().getManager();
        for (Pass pass = current; pass != null; pass = pass.outer()) {
            Pass.HandedBatch batch = pass.openBatch();
            if (batch != null && batch.memory() == memory) {
                return batch;
            }
        }
        return batchInUse();
    }

    /** The open batch of the innermost pass that has one. */
    Pass.@Nullable HandedBatch batchInUse() {
        for (Pass pass = current; pass != null; pass = pass.outer()) {
            Pass.HandedBatch batch = pass.openBatch();
            if (batch != null) {
                return batch;
            }
        }
        return null;
    }

    /**
     * The pass of a trainer that its step belongs to: the one whose batch is open, otherwise the
     * innermost; null outside of any.
     */
    @Nullable Pass passOfStep(int trainerNumber) {
        Pass innermost = null;
        for (Pass pass = current; pass != null; pass = pass.outer()) {
            if (pass.owner() == trainerNumber) {
                if (pass.openBatch() != null) {
                    return pass;
                }
                innermost = innermost == null ? pass : innermost;
            }
        }
        return innermost;
    }

    /** Notes that the ranks may come to the end of a pass after different numbers of batches. */
    void unevenPassOpened() {
        isAnnouncing = true;
    }

    /** Whether this is the first step outside of a pass. */
    boolean shouldTellUnsharded() {
        boolean first = !toldUnsharded;
        toldUnsharded = true;
        return first;
    }

    /** Announces a step to the ranks that may be waiting in a pass; see the note above. */
    void announceStep(Communicator communicator, int trainerNumber) {
        if (isAnnouncing) {
            announce(communicator, trainerNumber);
        }
    }

    /** The same, without blocking. */
    CompletableFuture<Void> announceStepAsync(Communicator communicator, int trainerNumber) {
        if (!isAnnouncing) {
            return CompletableFuture.completedFuture(null);
        }
        announcement.buffers().get(0).putInt(0, trainerNumber);
        return communicator.allReduceAsync(ANNOUNCEMENT, announcement, ReduceOp.MAX);
    }

    /**
     * Refuses to average a step's gradients twice, which ranks that only join in would take for two
     * steps.
     */
    void requireNoJoiners() {
        if (isAnnouncing) {
            throw new IllegalStateException(
                    "This step has more backward passes than the one before, and the ranks have"
                            + " unequal numbers of batches. Set JHOROVOD_REDUCE=step, which reduces"
                            + " gradients once a step, however many passes it has.");
        }
    }

    /** Makes the steps of the ranks that have more batches than this one. */
    void joinUntilEnd(Communicator communicator, Pass pass) {
        if (!isAnnouncing) {
            return;
        }
        int announced = announceEnd(communicator, pass);
        while (announced != END) {
            DistributedTrainer trainer = trainers.get(announced);
            if (trainer == null) {
                throw new IllegalStateException(
                        "Another rank makes a step with trainer-%d, which this rank has closed. Close a trainer on all ranks at the same point."
                                .formatted(announced));
            }
            trainer.joinStep();
            announced = announceEnd(communicator, pass);
        }
    }

    private int announceEnd(Communicator communicator, Pass pass) {
        try {
            return announce(communicator, END);
        } catch (MismatchException e) {
            MismatchException explained =
                    new MismatchException(
                            "This rank has come to the end of %s, where it takes part in the steps of ranks that have a batch more, but another rank did something else than to step or to end the pass. Leave a pass by break, and evaluate inside of one, after the same batch on all ranks: before the first rank's end. %s"
                                    .formatted(pass.name(), e.getMessage()));
            explained.initCause(e);
            throw explained;
        }
    }

    private int announce(Communicator communicator, int what) {
        announcement.buffers().get(0).putInt(0, what);
        communicator.allReduce(ANNOUNCEMENT, announcement, ReduceOp.MAX);
        return announcement.buffers().get(0).getInt(0);
    }
}
