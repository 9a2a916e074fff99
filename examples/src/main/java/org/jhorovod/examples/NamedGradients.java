package org.jhorovod.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.djl.ArrayTensor;

/** Averages gradients as a program does that submits each by its name. */
final class NamedGradients {
    private final NamedCommunicator communicator;
    private final Block block;

    /** Of an initialised network. */
    NamedGradients(NamedCommunicator communicator, Block block) {
        this.communicator = communicator;
        this.block = block;
    }

    /** Replaces the gradients by the means over all ranks; blocks until they are there. */
    void average() {
        List<NDArray> gradients = new ArrayList<>();
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (Pair<String, Parameter> named : block.getParameters()) {
            if (named.getValue().requiresGradient()) {
                NDArray gradient = named.getValue().getArray().getGradient();
                gradients.add(gradient);
                futures.add(
                        communicator.allReduceAsync(
                                named.getKey(), ArrayTensor.of(gradient), ReduceOp.AVERAGE));
            }
        }
        futures.forEach(communicator::await);
        gradients.forEach(NDArray::close);
    }
}
