package org.jhorovod.allreduce.engine;

import java.util.concurrent.CompletableFuture;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.negotiation.Step;

/** What this rank does when a name's turn has come. */
sealed interface Named permits Named.AllReduce, Named.Broadcast, Named.AllGather, Named.Barrier {

    /** Completes when it is done. */
    CompletableFuture<Void> future();

    /**
     * Runs it; blocks until it is done.
     *
     * @param lane on which all ranks do so in the same order
     * @param takingPart how many ranks do so with a tensor of their own
     */
    void run(Communicator lane, Step.Entry entry, int takingPart);

    /** An all-reduce. */
    record AllReduce(Tensor tensor, Reduction reduction, CompletableFuture<Void> future)
            implements Named {
        @Override
        public void run(Communicator lane, Step.Entry entry, int takingPart) {
            String name = entry.request().name();
            if (takingPart == lane.size()) {
                lane.allReduce(name, tensor, reduction);
                return;
            }
            lane.allReduce(name, tensor, AbsentRank.without(reduction, tensor.type(), takingPart));
            AbsentRank.finish(reduction, (HostTensor) tensor, takingPart);
        }
    }

    /** A broadcast. */
    record Broadcast(Tensor tensor, int root, CompletableFuture<Void> future) implements Named {
        @Override
        public void run(Communicator lane, Step.Entry entry, int takingPart) {
            lane.broadcast(entry.request().name(), tensor, root);
        }
    }

    /** An all-gather. */
    record AllGather(Tensor input, Tensor output, CompletableFuture<Void> future) implements Named {
        @Override
        public void run(Communicator lane, Step.Entry entry, int takingPart) {
            lane.allGather(entry.request().name(), input, output);
        }
    }

    /** A barrier. */
    record Barrier(CompletableFuture<Void> future) implements Named {
        @Override
        public void run(Communicator lane, Step.Entry entry, int takingPart) {
            lane.barrier(entry.request().name());
        }
    }
}
