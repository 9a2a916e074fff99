package org.jhorovod.allreduce.collective;

import java.util.concurrent.CompletableFuture;

/**
 * The collectives of all ranks of a job.
 *
 * <p>Every rank must call the same collectives with the same names, types and counts in the same
 * order; calls from several threads of one rank must be ordered by the program. A collective that
 * differs between ranks fails on all of them with {@link MismatchException} and ends the
 * communicator, as does a lost peer ({@link PeerLostException}) and a peer that stays away ({@link
 * OperationTimeoutException}): every later call fails with the same cause.
 *
 * <p>Where only some ranks have a backend for device memory, each call with a {@link DeviceTensor}
 * throws {@link MismatchException} at once, naming the others. To know, the first such call asks
 * the job's store, and blocks for its answer.
 *
 * <p>A blocking call whose collective is the next in order runs it on the calling thread where that
 * can be; an interrupt of the thread then waits until the collective has ended. Whoever means to
 * interrupt a thread calls the {@code …Async} form and {@link #await}s it.
 *
 * <p>Safe for use by several threads. A communicator from {@code JHorovod.init} is closed by {@code
 * JHorovod.shutdown}, or when the process exits.
 *
 * <pre>{@code
 * Communicator communicator = JHorovod.init();
 * HostTensor gradient = HostTensor.allocate(DataType.FLOAT32, 1000);
 * communicator.allReduce("gradient", gradient, ReduceOp.AVERAGE);
 * }</pre>
 */
public interface Communicator extends AutoCloseable {

    /** The colour of ranks that are to be divided by their hosts; see {@link #split}. */
    int BY_HOST = -1;

    /** Where this rank stands in the job. */
    Topology topology();

    /**
     * The same ranks, whose collectives all ranks call in the same order; this one, where it is
     * such. Both run beside each other, and are closed together.
     */
    default Communicator planned() {
        return this;
    }

    /** This process's number, 0 to {@code size() - 1}. */
    default int rank() {
        return topology().rank();
    }

    /** How many processes the job has. */
    default int size() {
        return topology().size();
    }

    /** How the bytes travel, for reports: such as {@code shm}, {@code tcp} or {@code none}. */
    String transportName();

    /** Whether collectives take {@link DeviceTensor}s. */
    boolean reducesOnDevice();

    /**
     * Replaces {@code tensor} on every rank by the element-wise reduction over all ranks.
     *
     * <p>Does not block. The memory belongs to the engine until the future completes; the result is
     * bitwise the same on all ranks.
     *
     * @param name identifies the tensor in messages; the same on all ranks
     * @return completes exceptionally with a {@link CollectiveException}
     * @throws IllegalArgumentException if the type has no such reduction ({@link
     *     Reduction#requireMeaning}), or no backend works on the tensor's memory
     * @throws MismatchException if that is on a device, and only some ranks have a backend for it
     */
    CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, Reduction reduction);

    /** {@link #allReduceAsync(String, Tensor, Reduction)} without a prescale. */
    default CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, ReduceOp op) {
        return allReduceAsync(name, tensor, Reduction.of(op));
    }

    /**
     * Replaces {@code tensor} on every rank by the one of {@code root}. Does not block; the memory
     * belongs to the engine until the future completes.
     *
     * @throws IllegalArgumentException if {@code root} is no rank
     */
    CompletableFuture<Void> broadcastAsync(String name, Tensor tensor, int root);

    /**
     * Puts the inputs of all ranks one after another, in rank order, into {@code output}. Does not
     * block; both memories belong to the engine until the future completes.
     *
     * @param input as many elements on every rank
     * @param output {@code size()} times as many elements of the same type; may not overlap input
     * @throws IllegalArgumentException if type or count of the output do not fit the input
     */
    CompletableFuture<Void> allGatherAsync(String name, Tensor input, Tensor output);

    /**
     * Puts the inputs of all ranks, each as long as it likes, one after another in rank order into
     * {@code output}. Does not block; both memories belong to the engine until the future
     * completes.
     *
     * @param input of this rank; stays as it is
     * @param output as many elements as all counts together, of the same type; may not overlap
     *     input
     * @param elementCounts how many elements each rank contributes, by rank; the same on all ranks,
     *     read before this returns
     * @throws IllegalArgumentException if the tensors do not fit the counts
     */
    CompletableFuture<Void> allGatherAsync(
            String name, Tensor input, Tensor output, long[] elementCounts);

    /**
     * Reduces the inputs element by element over all ranks, and gives each rank one part of the
     * result. Does not block; both memories belong to the engine until the future completes.
     *
     * <p>Types, operations and factors are those of all-reduce, but for {@link ReduceOp#ADASUM},
     * which has no parts, and so is rounding, but the last bits of floating-point sums and products
     * may differ from those of an all-reduce, where ranks add in another order: around a ring of
     * more than two ranks, in MPI and in NCCL. Over shared memory they are the same.
     *
     * @param input all parts in rank order, as long on every rank; stays as it is
     * @param output this rank's part, of the same type; may not overlap input
     * @param elementCounts how many elements the part of each rank has, by rank; the same on all
     *     ranks, read before this returns
     * @throws IllegalArgumentException if the tensors do not fit the counts, or the type has no
     *     such reduction
     */
    CompletableFuture<Void> reduceScatterAsync(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts);

    /**
     * {@link #reduceScatterAsync(String, Tensor, Tensor, Reduction, long[])} of nearly equal parts:
     * where there is a remainder, the first ranks have an element more ({@link Parts#even}).
     */
    default CompletableFuture<Void> reduceScatterAsync(
            String name, Tensor input, Tensor output, Reduction reduction) {
        long[] counts = Parts.even(input.elementCount(), size()).counts();
        return reduceScatterAsync(name, input, output, reduction, counts);
    }

    /**
     * Sends a part of the input to each rank, and receives one from each, itself included. Does not
     * block; both memories belong to the engine until the future completes.
     *
     * <p>A rank that sends another count than the other one expects is found before any element is
     * sent, and named with it in a {@link MismatchException} on all ranks.
     *
     * @param input what goes to each rank, in rank order; stays as it is
     * @param sendCounts how many elements of it each rank is sent, by rank; read before this
     *     returns
     * @param output what comes from each rank, in rank order; of the same type; may not overlap
     *     input
     * @param receiveCounts how many elements each rank sends here, by rank; read before this
     *     returns
     * @throws IllegalArgumentException if the tensors do not fit the counts
     */
    CompletableFuture<Void> allToAllAsync(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts);

    /** Completes when every rank has called it. Does not block. */
    CompletableFuture<Void> barrierAsync(String name);

    /**
     * Memory that the ranks reduce in place where they share it; elsewhere ordinary memory, whose
     * all-reduce has the same result. A collective: all ranks call it, in the same order among
     * their other collectives, and it blocks until all have.
     *
     * <p>All ranks have to use the same part of the same memory in an all-reduce to gain from it.
     *
     * @param name for messages; the same on all ranks, as are type and count
     * @return zeros; to be closed by the caller
     */
    RegisteredMemory allocate(String name, DataType type, long elementCount);

    /** {@link #allocate(String, DataType, long)} without a name of its own. */
    default RegisteredMemory allocate(DataType type, long elementCount) {
        return allocate("memory", type, elementCount);
    }

    /**
     * Divides the ranks into groups, each with a communicator of its own, as {@code MPI_Comm_split}
     * does: ranks that give the same colour are one group, numbered from 0 in the order of their
     * ranks here. Its collectives have an order of their own, and run beside those of this
     * communicator and of other groups. Messages of a group name a host with the job's number of
     * the rank.
     *
     * <p>A collective: all ranks call it, in the same order among their other collectives, and it
     * blocks until the group's members have met. A group reduces host memory.
     *
     * <pre>{@code
     * try (Communicator evenOrOdd = communicator.split("parity", communicator.rank() % 2)) {
     *     evenOrOdd.allReduce("sum", tensor, ReduceOp.SUM);
     * }
     * }</pre>
     *
     * @param name for messages; the same on all ranks
     * @param colour of this rank's group, 0 or more; {@link #BY_HOST}, on all ranks, for the ranks
     *     of each host, as the host list says which these are (where nobody knows, each is alone)
     * @return to be closed by the caller, by all members at the same point; closed with this one at
     *     the latest
     */
    Communicator split(String name, int colour);

    /**
     * {@link #allReduceAsync(String, Tensor, Reduction)} that blocks until the result is there.
     *
     * <pre>{@code
     * communicator.allReduce("gradient", gradient, ReduceOp.SUM.prescaledBy(samples / total));
     * }</pre>
     */
    default void allReduce(String name, Tensor tensor, Reduction reduction) {
        await(allReduceAsync(name, tensor, reduction));
    }

    /** {@link #allReduce(String, Tensor, Reduction)} without a prescale. */
    default void allReduce(String name, Tensor tensor, ReduceOp op) {
        allReduce(name, tensor, Reduction.of(op));
    }

    /** {@link #broadcastAsync} that blocks until the result is there. */
    default void broadcast(String name, Tensor tensor, int root) {
        await(broadcastAsync(name, tensor, root));
    }

    /** {@link #allGatherAsync(String, Tensor, Tensor)} that blocks until the result is there. */
    default void allGather(String name, Tensor input, Tensor output) {
        await(allGatherAsync(name, input, output));
    }

    /**
     * {@link #allGatherAsync(String, Tensor, Tensor, long[])} that blocks until the result is
     * there.
     */
    default void allGather(String name, Tensor input, Tensor output, long[] elementCounts) {
        await(allGatherAsync(name, input, output, elementCounts));
    }

    /**
     * {@link #reduceScatterAsync(String, Tensor, Tensor, Reduction, long[])} that blocks until the
     * result is there.
     */
    default void reduceScatter(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts) {
        await(reduceScatterAsync(name, input, output, reduction, elementCounts));
    }

    /**
     * {@link #reduceScatterAsync(String, Tensor, Tensor, Reduction)} that blocks until the result
     * is there.
     */
    default void reduceScatter(String name, Tensor input, Tensor output, Reduction reduction) {
        long[] counts = Parts.even(input.elementCount(), size()).counts();
        reduceScatter(name, input, output, reduction, counts);
    }

    /** {@link #allToAllAsync} that blocks until the result is there. */
    default void allToAll(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        await(allToAllAsync(name, input, sendCounts, output, receiveCounts));
    }

    /** {@link #barrierAsync} that blocks until every rank has called it. */
    default void barrier(String name) {
        await(barrierAsync(name));
    }

    /**
     * Blocks until a collective's future is complete. Bounded, because every collective ends by the
     * operation deadline, but for a join, which lasts as long as other ranks go on.
     *
     * @return what the future completed with
     * @throws CollectiveException the reason why the collective failed, with this thread's stack
     * @throws java.util.concurrent.CancellationException if this thread is interrupted; the
     *     collective goes on, and the memory stays the engine's until it is done
     */
    <T> T await(CompletableFuture<T> collective);

    /**
     * Throws the reason if the job has failed. Does not block.
     *
     * @throws CollectiveException the reason, with this thread's stack
     */
    void check();

    /**
     * Blocks until the device has run the collectives on {@link DeviceTensor}s that are complete
     * here, whose futures tell only that the result is ordered in the tensor's stream. Returns if
     * their results are whole; with host memory alone, at once. Bounded, as each collective ends by
     * the operation deadline on the device too.
     *
     * @throws CollectiveException if the job has failed, so that the results may be anything
     */
    void synchronize();

    /** Says goodbye to the peers and lets everything go; does nothing the second time. */
    @Override
    void close();
}
