package org.jhorovod.allreduce.collective;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Collectives that ranks submit by name: in any order, from any thread, in another order on each
 * rank. Rank 0 agrees the order; ranks that submit a name later hold up nothing else.
 *
 * <p>What the ranks do not agree on fails on all of them with {@link MismatchException}, and the
 * job goes on. A call that throws for its arguments counts as this rank's call of that name: the
 * other ranks' calls, which would wait for it, fail with a {@link MismatchException} that has the
 * rank and the reason, and what this rank submits next under the name meets what they submit next.
 * A name is free again when its future is complete. Handlers of futures run on the thread that runs
 * all these collectives, and should be short. Tensors lie in host memory.
 *
 * <pre>{@code
 * NamedCommunicator communicator = JHorovod.init();
 * CompletableFuture<Void> loss = communicator.allReduceAsync("loss", tensor, ReduceOp.AVERAGE);
 * }</pre>
 *
 * <p>Where all ranks call the same collectives in the same order anyway, {@link #planned()} has
 * nothing to agree on, and a call costs less. {@link #allocate}, {@link #split} and {@link
 * #synchronize} are those of {@link #planned()}.
 */
public interface NamedCommunicator extends Communicator {

    /** The most bytes that an object may have, as its codec makes them. */
    int MAX_OBJECT_BYTES = 1 << 26;

    /**
     * All-reduces several tensors, of which all run or none does. Does not block; each memory
     * belongs to the engine until the future completes.
     *
     * @param name of the group, the same on all ranks; the tensors are called {@code name/0} and so
     *     on
     * @param tensors as many on every rank
     * @param reduction of each tensor by itself, also by {@link ReduceOp#ADASUM}
     */
    CompletableFuture<Void> groupedAllReduceAsync(
            String name, List<? extends Tensor> tensors, Reduction reduction);

    /** {@link #groupedAllReduceAsync} that blocks until the results are there. */
    default void groupedAllReduce(
            String name, List<? extends Tensor> tensors, Reduction reduction) {
        await(groupedAllReduceAsync(name, tensors, reduction));
    }

    /**
     * Says that this rank submits nothing more. Until all ranks have said so the others go on, and
     * this rank takes part with nothing: averages are those of the ranks that took part; sums,
     * minima, maxima, products and Adasum leave it out; an all-gather has no rows of it, and no
     * object; a barrier does not wait for it. A broadcast from it fails. Does not block.
     *
     * @return completes with the rank that joined last, the same on all ranks
     * @throws MismatchException if this rank has joined already
     */
    CompletableFuture<Integer> joinAsync();

    /**
     * Puts the rows of all ranks one after another, in rank order. The first dimension may differ
     * from rank to rank, and be 0; the others may not. Does not block; the memory of the input
     * belongs to the engine until the future completes.
     *
     * @param input of which the first dimension counts the rows; a scalar is one
     * @return completes with a new tensor, of as many rows as all ranks have
     */
    CompletableFuture<HostTensor> allGatherAsync(String name, HostTensor input);

    /** {@link #allGatherAsync(String, HostTensor)} that blocks until the result is there. */
    default HostTensor allGather(String name, HostTensor input) {
        return await(allGatherAsync(name, input));
    }

    /**
     * Gathers several tensors, of which all are or none is; otherwise as {@link
     * #allGatherAsync(String, HostTensor)} of each.
     *
     * @param name of the group, the same on all ranks; the tensors are called {@code name/0} and so
     *     on
     * @param inputs as many on every rank
     * @return completes with a new tensor for each, in their order
     */
    CompletableFuture<List<HostTensor>> groupedAllGatherAsync(String name, List<HostTensor> inputs);

    /** {@link #groupedAllGatherAsync} that blocks until the results are there. */
    default List<HostTensor> groupedAllGather(String name, List<HostTensor> inputs) {
        return await(groupedAllGatherAsync(name, inputs));
    }

    /**
     * Reduces the inputs over all ranks, and leaves each rank its share of the rows: as equal as
     * can be, where the first ranks take a row more. Does not block; the memory of the input
     * belongs to the engine until the future completes.
     *
     * @param input of the same shape on all ranks, with one dimension at least
     * @return completes with a new tensor, which has this rank's rows of the result
     * @throws IllegalArgumentException if the input is a scalar, or the type has no such reduction
     */
    CompletableFuture<HostTensor> reduceScatterAsync(
            String name, HostTensor input, Reduction reduction);

    /**
     * {@link #reduceScatterAsync(String, HostTensor, Reduction)} that blocks until the result is
     * there.
     */
    default HostTensor reduceScatter(String name, HostTensor input, Reduction reduction) {
        return await(reduceScatterAsync(name, input, reduction));
    }

    /**
     * Reduces and shares out several tensors, of which all are or none is; otherwise as {@link
     * #reduceScatterAsync(String, HostTensor, Reduction)} of each.
     *
     * @param name of the group, the same on all ranks; the tensors are called {@code name/0} and so
     *     on
     * @param inputs as many on every rank
     * @return completes with a new tensor for each, in their order
     */
    CompletableFuture<List<HostTensor>> groupedReduceScatterAsync(
            String name, List<HostTensor> inputs, Reduction reduction);

    /** {@link #groupedReduceScatterAsync} that blocks until the results are there. */
    default List<HostTensor> groupedReduceScatter(
            String name, List<HostTensor> inputs, Reduction reduction) {
        return await(groupedReduceScatterAsync(name, inputs, reduction));
    }

    /**
     * Sums or averages rows that are named by indices: all ranks have the same result as of an
     * all-reduce of the tensors in which all other rows are 0, as far as rounding goes, and the
     * same bits. Does not block; the memory of the rows belongs to the engine until the future
     * completes.
     *
     * <p>The rows of all ranks are gathered, so that this pays where they are few. A rank that has
     * joined has none, and an average leaves it out.
     *
     * @param rows as many as this rank likes, or none; their shape and the types of values and
     *     indices are the same on all ranks
     * @param reduction a sum or an average
     * @return completes with new tensors: each index that any rank has, once and sorted, with the
     *     sum of its rows in the order of the ranks
     * @throws IllegalArgumentException if the reduction has no meaning for rows or their type, or
     *     there are too many
     */
    CompletableFuture<SparseRows> sparseAllReduceAsync(
            String name, SparseRows rows, Reduction reduction);

    /** {@link #sparseAllReduceAsync} that blocks until the result is there. */
    default SparseRows sparseAllReduce(String name, SparseRows rows, Reduction reduction) {
        return await(sparseAllReduceAsync(name, rows, reduction));
    }

    /**
     * Gives all ranks the object of {@code root}; each makes a new one of its bytes, the root too.
     * Does not block: the object is made bytes before this returns. The codec reads on the thread
     * that runs all these collectives.
     *
     * @param value of the root; those of other ranks are not looked at, and may be null
     * @return completes exceptionally with a {@link MismatchException} that names the root if the
     *     codec cannot read its bytes, and if the root has joined
     * @throws IllegalArgumentException if {@code root} is no rank, or its object is null or has
     *     more than {@link #MAX_OBJECT_BYTES}
     */
    <T> CompletableFuture<T> broadcastObjectAsync(
            String name, @Nullable T value, ObjectCodec<T> codec, int root);

    /** {@link #broadcastObjectAsync} that blocks until the object is there. */
    default <T> T broadcastObject(String name, @Nullable T value, ObjectCodec<T> codec, int root) {
        return await(broadcastObjectAsync(name, value, codec, root));
    }

    /**
     * Gives all ranks the objects of all, as {@link #broadcastObjectAsync} does that of one.
     *
     * @return completes with the objects in rank order, without those of ranks that have joined;
     *     exceptionally with a {@link MismatchException} that names the rank whose bytes the codec
     *     cannot read
     * @throws IllegalArgumentException if this rank's object has more than {@link
     *     #MAX_OBJECT_BYTES}
     */
    <T> CompletableFuture<List<T>> allGatherObjectsAsync(
            String name, T value, ObjectCodec<T> codec);

    /** {@link #allGatherObjectsAsync} that blocks until the objects are there. */
    default <T> List<T> allGatherObjects(String name, T value, ObjectCodec<T> codec) {
        return await(allGatherObjectsAsync(name, value, codec));
    }

    /**
     * What came of an all-to-all.
     *
     * @param tensor the rows from each rank, in rank order
     * @param rows how many came from each, by rank
     */
    record Received(HostTensor tensor, long[] rows) {}

    /**
     * Sends some rows to each rank, and receives some from each, itself included. Does not block;
     * the memory of the input belongs to the engine until the future completes.
     *
     * @param input the rows for each rank, in rank order; only the first dimension may differ from
     *     rank to rank
     * @param rowsToEach how many rows each rank is sent, by rank; empty for as many to each
     * @throws IllegalArgumentException if these are not the rows of the input, one number for each
     *     rank, none negative
     */
    CompletableFuture<Received> allToAllAsync(String name, HostTensor input, long... rowsToEach);

    /**
     * {@link #allToAllAsync(String, HostTensor, long...)} that blocks until the result is there.
     */
    default Received allToAll(String name, HostTensor input, long... rowsToEach) {
        return await(allToAllAsync(name, input, rowsToEach));
    }

    /**
     * Makes a set of ranks with collectives of their own. A collective: all ranks call it, with the
     * same ranks, and in the same order where there are several sets; it blocks until all have, and
     * the members have met.
     *
     * @param ranks in any order, each once
     * @throws IllegalArgumentException if these are no ranks, or are a set already
     * @throws MismatchException if the ranks do not give the same
     */
    ProcessSet addProcessSet(List<Integer> ranks);

    /**
     * What this rank has sent over its control connections, over which the ranks agree what to run;
     * tensors take others. Does not block.
     */
    ControlTraffic controlTraffic();
}
