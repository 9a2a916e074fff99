package org.jhorovod.djl;

import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.Topology;

/**
 * A communicator for arrays on the CPU that stand in for device memory: they have no stream that
 * would wait for the device, so {@link #await} does. Counts what it reduces on the device.
 */
final class SynchronousCommunicator implements Communicator {
    private final Communicator communicator;
    private int deviceReductions;

    SynchronousCommunicator(Communicator communicator) {
        this.communicator = communicator;
    }

    /** How many device tensors have been given to it to be reduced. */
    int deviceReductions() {
        return deviceReductions;
    }

    @Override
    public CompletableFuture<Void> allReduceAsync(String name, Tensor tensor, Reduction reduction) {
        if (tensor instanceof DeviceTensor) {
            deviceReductions++;
        }
        return communicator.allReduceAsync(name, tensor, reduction);
    }

    @Override
    public <T> T await(CompletableFuture<T> collective) {
        T result = communicator.await(collective);
        communicator.synchronize();
        return result;
    }

    @Override
    public Topology topology() {
        return communicator.topology();
    }

    @Override
    public String transportName() {
        return communicator.transportName();
    }

    @Override
    public boolean reducesOnDevice() {
        return communicator.reducesOnDevice();
    }

    @Override
    public CompletableFuture<Void> broadcastAsync(String name, Tensor tensor, int root) {
        return communicator.broadcastAsync(name, tensor, root);
    }

    @Override
    public CompletableFuture<Void> allGatherAsync(String name, Tensor input, Tensor output) {
        return communicator.allGatherAsync(name, input, output);
    }

    @Override
    public CompletableFuture<Void> allGatherAsync(
            String name, Tensor input, Tensor output, long[] elementCounts) {
        return communicator.allGatherAsync(name, input, output, elementCounts);
    }

    @Override
    public CompletableFuture<Void> reduceScatterAsync(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts) {
        return communicator.reduceScatterAsync(name, input, output, reduction, elementCounts);
    }

    @Override
    public CompletableFuture<Void> allToAllAsync(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        return communicator.allToAllAsync(name, input, sendCounts, output, receiveCounts);
    }

    @Override
    public CompletableFuture<Void> barrierAsync(String name) {
        return communicator.barrierAsync(name);
    }

    @Override
    public RegisteredMemory allocate(String name, DataType type, long elementCount) {
        return communicator.allocate(name, type, elementCount);
    }

    @Override
    public Communicator split(String name, int colour) {
        return new SynchronousCommunicator(communicator.split(name, colour));
    }

    @Override
    public void check() {
        communicator.check();
    }

    @Override
    public void synchronize() {
        communicator.synchronize();
    }

    @Override
    public void close() {
        communicator.close();
    }
}
