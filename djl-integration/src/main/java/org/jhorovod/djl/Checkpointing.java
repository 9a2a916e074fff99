package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.djl.checkpoint.Checkpoint;
import org.jhorovod.djl.checkpoint.CheckpointException;
import org.jhorovod.djl.checkpoint.CheckpointFolder;
import org.jhorovod.djl.checkpoint.CheckpointWriter;
import org.jhorovod.djl.checkpoint.Description;
import org.jhorovod.djl.checkpoint.FolderLock;
import org.jhorovod.djl.checkpoint.SnapshotMemory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Who touches the checkpoints]
 * Rank 0 alone reads and writes them. When a training starts it says what it has found, or that it
 * cannot go on; then all ranks get the parameters as in every start, and the optimizer's arrays as
 * well. A snapshot is taken between two steps, in memory; it goes to disk while the next steps run.
 * Where the one before is still on its way, a snapshot is left out rather than waited for.
 */
/** One trainer's checkpoints, on each rank. Owned by the training thread. */
final class Checkpointing implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Checkpointing.class);

    static final String OPTIMIZER_FILE = "optimizer.ndlist";
    // A file server may keep a lost host's lock for as long as its lease, 90 s mostly.
    private static final Duration LOCK_PATIENCE = Duration.ofMinutes(2);
    private static final String FOUND = "found ";
    private static final String FAILED = "failed ";

    /** A file of elements by parameter. */
    private enum Kept {
        OUTER("outer", "outer optimizer's state"),
        OWED("owed", "part of the gradients that was not sent");

        private final String label; // on all ranks
        private final String description;

        Kept(String label, String description) {
            this.label = label;
            this.description = description;
        }

        String file() {
            return label + ".ndlist";
        }
    }

    private final Checkpoints checkpoints;
    private final Communicator communicator;
    private final String owner;
    private final Model model;
    private final Optimizer optimizer;
    private final CheckpointFolder folder;
    private final SnapshotMemory parametersMemory = new SnapshotMemory();
    private final SnapshotMemory optimizerMemory = new SnapshotMemory();
    private final Map<Kept, SnapshotMemory> keptMemory = new EnumMap<>(Kept.class);
    private KeptElements velocities = KeptElements.none();
    private @Nullable FolderLock lock; // null on other ranks, and before the start
    private @Nullable CheckpointWriter writer; // as the lock
    private @Nullable Checkpoint found; // as the lock, and where there is none
    private long writtenStep = -1;
    private long dueStep; // when one was due last, or had been resumed from

    Checkpointing(
            Checkpoints checkpoints,
            Communicator communicator,
            String owner,
            Model model,
            Optimizer optimizer) {
        this.checkpoints = checkpoints;
        this.communicator = communicator;
        this.owner = owner;
        this.model = model;
        this.optimizer = optimizer;
        this.folder = new CheckpointFolder(checkpoints.folder());
    }

    /**
     * Finds the newest checkpoint, and puts its parameters into rank 0's model, which is
     * initialised. Blocks until rank 0 has done so.
     *
     * @return what it holds, on all ranks; empty if there is none
     * @throws CheckpointException on all ranks, if there are some that cannot be used
     */
    Optional<Description> open() {
        String outcome = communicator.rank() == 0 ? read() : "";
        outcome = TextExchange.broadcast(communicator, owner + "/checkpoint", outcome);
        if (outcome.startsWith(FAILED)) {
            throw new CheckpointException(outcome.substring(FAILED.length()));
        }
        if (!outcome.startsWith(FOUND)) {
            return Optional.empty();
        }
        Description description = Description.decode(outcome.substring(FOUND.length()));
        dueStep = description.step();
        return Optional.of(description);
    }

    private String read() {
        try {
            if (lock == null) {
                lock = FolderLock.take(checkpoints.folder(), LOCK_PATIENCE);
                folder.prepare();
                writer = new CheckpointWriter(folder, checkpoints.keep());
            }
            Optional<Checkpoint> newest = folder.newest();
            if (newest.isEmpty()) {
                return "";
            }
            Checkpoint checkpoint = newest.get();
            read(checkpoint);
            found = checkpoint;
            writtenStep = checkpoint.description().step();
            return FOUND + checkpoint.description().encode();
        } catch (CheckpointException e) {
            logger.debug("no checkpoint can be used", e);
            return FAILED + e.getMessage();
        } catch (IOException | RuntimeException e) {
            logger.debug("no checkpoints can be kept", e);
            return FAILED
                    + "Checkpoints cannot be kept in %s: %s. Name a folder that rank 0 may write to."
                            .formatted(folder, e);
        }
    }

    private void read(Checkpoint checkpoint) throws IOException {
        Description description = checkpoint.description();
        try (InputStream in = checkpoint.open(description.parametersFile())) {
            ModelFile.read(model, description.parameters(), in);
        } catch (CheckpointException e) {
            throw new CheckpointException(
                    "%s cannot be resumed from: %s. Build the model that it was written of, or name another folder."
                            .formatted(checkpoint.path(), e.getMessage()),
                    e);
        }
    }

    /** Takes over the optimizer's state. Blocks for the slowest rank. */
    void resumeOptimizer(Description description, List<NamedParameter> parameters) {
        OptimizerState state = new OptimizerState(optimizer, parameters);
        if (!state.fits(description.optimizer())) {
            throw new CheckpointException(
                    "The checkpoint was written with the optimizer %s, but this training has %s. Use the same, or name another folder."
                            .formatted(
                                    description.optimizer().type(),
                                    optimizer.getClass().getName()));
        }
        state.resume(description.optimizer());
        List<NDArray> arrays = state.allocate(description.optimizer());
        Checkpoint checkpoint = found;
        String failure = checkpoint == null || arrays.isEmpty() ? "" : fill(arrays, checkpoint);
        failure = TextExchange.broadcast(communicator, owner + "/optimizer", failure);
        if (!failure.isEmpty()) {
            throw new CheckpointException(failure);
        }
        ArrayBroadcast.run(communicator, owner + "/optimizer", arrays);
    }

    /** Keeps these as well from now on. */
    void keep(KeptElements outer) {
        velocities = outer;
    }

    /** Takes over what an outer optimizer remembers. Blocks for the slowest rank. */
    void resumeOuter(Description description) {
        resume(Kept.OUTER, velocities, description.outer());
    }

    /** Takes over what is owed to the next step. Blocks for the slowest rank. */
    void resumeOwed(Description description, OwedGradients owed, List<NamedParameter> parameters) {
        List<String> names = description.owed();
        if (names != null) {
            resume(Kept.OWED, owed.expect(names, parameters), names);
        }
    }

    /**
     * Takes over what a file holds.
     *
     * @param names of the parameters in it; null or empty if it is not there
     */
    private void resume(Kept kept, KeptElements into, @Nullable List<String> names) {
        if (into.names().isEmpty()) {
            return; // on all ranks
        }
        Checkpoint checkpoint = found;
        String failure =
                checkpoint == null || names == null || names.isEmpty()
                        ? "" // another rank reads it, or it was written without
                        : fill(kept, into, names, checkpoint);
        String name = "%s/%s".formatted(owner, kept.label);
        failure = TextExchange.broadcast(communicator, name, failure);
        if (!failure.isEmpty()) {
            throw new CheckpointException(failure);
        }
        into.broadcast(communicator, name);
    }

    /** Returns why it failed; empty if it has not. */
    private static String fill(
            Kept kept, KeptElements into, List<String> names, Checkpoint checkpoint) {
        try (InputStream in = checkpoint.open(kept.file())) {
            into.read(names, in);
            return "";
        } catch (IOException | RuntimeException e) {
            logger.debug("{} cannot be read", kept.file(), e);
            return "The %s of %s cannot be read: %s. Remove that folder to resume from the one before."
                    .formatted(kept.description, checkpoint.path(), e);
        }
    }

    /** Returns why it failed; empty if it has not. */
    private static String fill(List<NDArray> arrays, Checkpoint checkpoint) {
        // On the host: a device that just holds the training has no room for a second copy.
        try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                InputStream in = checkpoint.open(OPTIMIZER_FILE)) {
            NDList kept = NDList.decode(manager, in);
            for (int i = 0; i < arrays.size(); i++) {
                NDArray source = kept.get(i);
                TensorMemory.overwrite(
                        arrays.get(i), target -> target.put(TensorMemory.bytes(source)));
            }
            return "";
        } catch (IOException | RuntimeException e) {
            logger.debug("the optimizer's state cannot be read", e);
            return "The optimizer's state of %s cannot be read: %s. Remove that folder to resume from the one before."
                    .formatted(checkpoint.path(), e);
        }
    }

    /**
     * Makes sure that the optimizer can be saved.
     *
     * @throws IllegalArgumentException if not
     */
    void requireOptimizer(List<NamedParameter> parameters) {
        new OptimizerState(optimizer, parameters);
    }

    /** Whether a checkpoint is due after a step, by the number of steps. */
    boolean isDue(long step) {
        int every = checkpoints.everySteps();
        return every > 0 && step / every != dueStep / every;
    }

    /**
     * What a checkpoint is of.
     *
     * @param owed to the next step
     */
    record Moment(long step, int seed, Description.Position position, KeptElements owed) {}

    /** Has a snapshot written, unless the one before is still on its way. Does not block. */
    void writeIfIdle(Moment moment) {
        dueStep = moment.step();
        CheckpointWriter known = writer;
        if (known == null) {
            return;
        }
        if (known.isIdle()) {
            snapshot(known, moment);
        } else {
            logger.warn(
                    "{} is left out, because the one before is still being written. Write fewer, or"
                            + " use a faster disk than that of {}.",
                    CheckpointFolder.name(moment.step()),
                    folder);
        }
    }

    /**
     * Has a snapshot written, if the latest is not of this step; blocks until the one before is
     * written.
     */
    void write(Moment moment) {
        CheckpointWriter known = writer;
        if (known == null || (moment.step() == writtenStep && !known.isIdle())) {
            return;
        }
        boolean isThere = known.await();
        // After its patience the disk may still be at it, and the memory is the writer's.
        if (known.isIdle() && (moment.step() != writtenStep || !isThere)) {
            snapshot(known, moment);
        }
    }

    /**
     * Waits until the latest is on disk.
     *
     * @return false if that failed
     */
    boolean await() {
        CheckpointWriter known = writer;
        return known == null || known.await();
    }

    private void snapshot(CheckpointWriter into, Moment moment) {
        long start = System.nanoTime();
        List<NamedParameter> parameters = NamedParameter.of(model.getBlock());
        OptimizerState state = new OptimizerState(optimizer, parameters);
        int epochs = moment.position().epochs();
        Description description =
                new Description(
                        Description.FORMAT,
                        moment.step(),
                        moment.seed(),
                        communicator.size(),
                        moment.position(),
                        parameters.stream().map(NamedParameter::describe).toList(),
                        ModelFile.name(model.getName(), epochs),
                        state.describe(),
                        velocities.names(),
                        moment.owed().names());
        parametersMemory.clear();
        optimizerMemory.clear();
        Map<String, SnapshotMemory> files = new LinkedHashMap<>();
        files.put(description.parametersFile(), parametersMemory);
        files.put(OPTIMIZER_FILE, optimizerMemory);
        try {
            ModelFile.write(model, model.getName(), epochs, Map.of(), parametersMemory);
            new NDList(state.arrays().values()).encode(optimizerMemory);
            write(Kept.OUTER, velocities, files);
            write(Kept.OWED, moment.owed(), files);
        } catch (IOException e) {
            throw new IllegalStateException("bug: memory takes all that is written", e);
        } catch (OutOfMemoryError e) {
            logger.error(
                    "{} is left out: there is no memory for it ({}). It takes as much beside the"
                            + " heap as on disk; raise -XX:MaxDirectMemorySize, which is -Xmx if"
                            + " not set.",
                    CheckpointFolder.name(moment.step()),
                    e.getMessage());
            return;
        }
        logger.debug("a snapshot took {} ms", (System.nanoTime() - start) / 1_000_000);
        into.write(description, files);
        writtenStep = moment.step();
    }

    private void write(Kept kept, KeptElements elements, Map<String, SnapshotMemory> files)
            throws IOException {
        if (!elements.names().isEmpty()) {
            SnapshotMemory memory = keptMemory.computeIfAbsent(kept, k -> new SnapshotMemory());
            memory.clear();
            elements.write(memory);
            files.put(kept.file(), memory);
        }
    }

    /** Waits for the checkpoint that is being written, and lets the folder go. */
    @Override
    public void close() {
        try (FolderLock held = lock) {
            if (writer != null) {
                writer.close();
            }
        } catch (IOException e) {
            logger.debug("The folder's lock could not be closed", e);
        }
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
