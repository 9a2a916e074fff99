package org.jhorovod.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jspecify.annotations.Nullable;

/*
 * Note [How ranks with unequal shards stay in step]
 *
 * Shards differ by at most a sample, so one rank may have a batch more than another. All ranks
 * know each other's batch counts from the pass's start. As long as a rank has not handed out more
 * batches than the smallest count, its steps are plain. Before any later step of any trainer it
 * announces that step (a small all-reduce of its trainer's number); a rank that is through with its
 * pass answers the announcements from inside hasNext(), makes each announced step with it, with
 * weight 0, and leaves when all ranks have announced the pass's end. An evaluation pass has no
 * steps, so there the only announcement is the end: nobody has to know which kind a pass is.
 */

/**
 * The trainers of one communicator, and the pass over data that they are in. Owned by the training
 * thread.
 */
final class TrainerGroup {
    /** Announced by a rank that has come to the end of its pass. */
    private static final int END = -1;

    // The groups outlive no communicator; there is one per process outside of tests.
    private static final Map<Communicator, TrainerGroup> GROUPS = new WeakHashMap<>();

    private final List<@Nullable DistributedTrainer> trainers = new ArrayList<>(); // null: closed
    private final HostTensor announcement = HostTensor.allocate(DataType.INT32, 1);
    private @Nullable Pass current; // null outside of every pass
    private boolean toldUnsharded;

    private TrainerGroup() {}

    static synchronized TrainerGroup of(Communicator communicator) {
        return GROUPS.computeIfAbsent(communicator, c -> new TrainerGroup());
    }

    /** Adds a trainer and returns its number, which is the same on all ranks. */
    int add(DistributedTrainer trainer) {
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

    /** Whether this is the first step outside of a pass. */
    boolean shouldTellUnsharded() {
        boolean first = !toldUnsharded;
        toldUnsharded = true;
        return first;
    }

    /** Announces a step to the ranks that may be waiting in a pass; see the note above. */
    void announceStep(Communicator communicator, int trainerNumber) {
        if (current != null && current.mayHaveWaiters()) {
            announce(communicator, current.name(), trainerNumber);
        }
    }

    /** Makes the steps of the ranks that have more batches than this one. */
    void joinUntilEnd(Communicator communicator, Pass pass) {
        int announced = announce(communicator, pass.name(), END);
        while (announced != END) {
            DistributedTrainer trainer = trainers.get(announced);
            if (trainer == null) {
                throw new IllegalStateException(
                        "Another rank makes a step with trainer-%d, which this rank has closed. Close a trainer on all ranks at the same point."
                                .formatted(announced));
            }
            trainer.joinStep();
            announced = announce(communicator, pass.name(), END);
        }
    }

    private int announce(Communicator communicator, String pass, int what) {
        announcement.buffers().get(0).putInt(0, what);
        communicator.allReduce(pass + "/announcement", announcement, ReduceOp.MAX);
        return announcement.buffers().get(0).getInt(0);
    }
}
