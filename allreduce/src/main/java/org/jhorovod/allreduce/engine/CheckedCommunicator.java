package org.jhorovod.allreduce.engine;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;

/** Checks the arguments of each collective at its call, and hands it on. */
abstract class CheckedCommunicator implements Communicator {

    /** What checks them. */
    abstract Collectives collectives();

    /** Does what comes before a collective is submitted; what it is refused with goes on. */
    <T> T checked(String name, Supplier<T> checks) {
        return checks.get();
    }

    /** Takes a collective; does not block. */
    abstract CompletableFuture<Void> submit(Collective collective);

    /** Runs a collective; blocks until it has ended. */
    abstract void run(Collective collective);

    @Override
    public CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, Reduction reduction) {
        return submit(checked(name, () -> collectives().allReduce(name, tensor, reduction)));
    }

    @Override
    public void allReduce(String name, Tensor tensor, Reduction reduction) {
        run(checked(name, () -> collectives().allReduce(name, tensor, reduction)));
    }

    @Override
    public CompletableFuture<Void> broadcastAsync(String name, Tensor tensor, int root) {
        return submit(checked(name, () -> collectives().broadcast(name, tensor, root)));
    }

    @Override
    public void broadcast(String name, Tensor tensor, int root) {
        run(checked(name, () -> collectives().broadcast(name, tensor, root)));
    }

    @Override
    public CompletableFuture<Void> allGatherAsync(String name, Tensor input, Tensor output) {
        return submit(checked(name, () -> collectives().allGather(name, input, output)));
    }

    @Override
    public void allGather(String name, Tensor input, Tensor output) {
        run(checked(name, () -> collectives().allGather(name, input, output)));
    }

    @Override
    public CompletableFuture<Void> allGatherAsync(
            String name, Tensor input, Tensor output, long[] elementCounts) {
        return submit(
                checked(name, () -> collectives().allGather(name, input, output, elementCounts)));
    }

    @Override
    public void allGather(String name, Tensor input, Tensor output, long[] elementCounts) {
        run(checked(name, () -> collectives().allGather(name, input, output, elementCounts)));
    }

    @Override
    public CompletableFuture<Void> reduceScatterAsync(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts) {
        return submit(
                checked(
                        name,
                        () ->
                                collectives()
                                        .reduceScatter(
                                                name, input, output, reduction, elementCounts)));
    }

    @Override
    public void reduceScatter(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts) {
        run(
                checked(
                        name,
                        () ->
                                collectives()
                                        .reduceScatter(
                                                name, input, output, reduction, elementCounts)));
    }

    @Override
    public CompletableFuture<Void> allToAllAsync(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        return submit(
                checked(
                        name,
                        () ->
                                collectives()
                                        .allToAll(name, input, sendCounts, output, receiveCounts)));
    }

    @Override
    public void allToAll(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        run(
                checked(
                        name,
                        () ->
                                collectives()
                                        .allToAll(name, input, sendCounts, output, receiveCounts)));
    }

    @Override
    public CompletableFuture<Void> barrierAsync(String name) {
        return submit(checked(name, () -> collectives().barrier(name)));
    }

    @Override
    public void barrier(String name) {
        run(checked(name, () -> collectives().barrier(name)));
    }
}
