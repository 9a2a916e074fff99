package org.jhorovod.allreduce.engine;

import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.Allocation;
import org.jhorovod.allreduce.spi.Operation;
import org.jspecify.annotations.Nullable;

/** Checks the arguments of collectives at their calls. */
final class Collectives {
    private static final int MOST_IN_ARRAY = Integer.MAX_VALUE - 8;

    private final int rank;
    private final int size;
    private final Backends backends;
    private final Consumer<CollectiveException> onFailure;
    private final boolean areNegotiated;

    /**
     * For a rank of a job.
     *
     * @param onFailure told of a failure of the job that a call has found
     */
    Collectives(Topology self, Backends backends, Consumer<CollectiveException> onFailure) {
        this(self.rank(), self.size(), backends, onFailure, false);
    }

    private Collectives(
            int rank,
            int size,
            Backends backends,
            Consumer<CollectiveException> onFailure,
            boolean areNegotiated) {
        this.rank = rank;
        this.size = size;
        this.backends = backends;
        this.onFailure = onFailure;
        this.areNegotiated = areNegotiated;
    }

    /** The same, for those that all ranks refuse alike where one submits a device tensor. */
    Collectives negotiated() {
        return new Collectives(rank, size, backends, onFailure, true);
    }

    Collective allReduce(String name, Tensor tensor, Reduction reduction) {
        reduction.requireMeaning(name, tensor);
        CollectiveCall call = call(Kind.ALL_REDUCE, name, tensor, reduction, -1);
        BiConsumer<Backends, Operation> body =
                reduction.op() == ReduceOp.ADASUM
                        ? adasum(name, (HostTensor) tensor)
                        : (at, operation) -> at.allReduce(operation, tensor, reduction);
        return new Collective(call, tensor.shape(), body, backends.runOnCallers(call.memory()));
    }

    private BiConsumer<Backends, Operation> adasum(String name, HostTensor tensor) {
        if (tensor.elementCount() / size >= MOST_IN_ARRAY) {
            throw new IllegalArgumentException(
                    "The reduction of '%s' asks for ADASUM of %s, but %d ranks take less than %d elements each. Reduce it in parts."
                            .formatted(name, tensor, size, MOST_IN_ARRAY));
        }
        return (at, operation) -> at.adasum(operation, tensor, rank, size);
    }

    Collective broadcast(String name, Tensor tensor, int root) {
        requireRoot(name, root);
        CollectiveCall call = call(Kind.BROADCAST, name, tensor, null, root);
        return new Collective(
                call,
                tensor.shape(),
                (at, operation) -> at.broadcast(operation, tensor, root),
                backends.runOnCallers(call.memory()));
    }

    void requireRoot(String name, int root) {
        if (root < 0 || root >= size) {
            throw new IllegalArgumentException(
                    "The root %d of the broadcast of '%s' is no rank: there are %d, numbered from 0."
                            .formatted(root, name, size));
        }
    }

    Collective allGather(String name, Tensor input, Tensor output) {
        long expected = Math.multiplyExact(input.elementCount(), (long) size);
        if (output.type() != input.type()
                || output.elementCount() != expected
                || Memory.of(output) != Memory.of(input)) {
            throw new IllegalArgumentException(
                    "The output of the all-gather of '%s' must be %s[%d], as %d ranks contribute %s each; it is %s."
                            .formatted(name, input.type(), expected, size, input, output));
        }
        CollectiveCall call = call(Kind.ALL_GATHER, name, input, null, -1);
        return new Collective(
                call,
                input.shape(),
                (at, operation) -> at.allGather(operation, input, output),
                backends.runOnCallers(call.memory()));
    }

    Collective allGather(String name, Tensor input, Tensor output, long[] elementCounts) {
        String what = "all-gather of '%s'".formatted(name);
        Parts parts = parts(what, "counts", elementCounts);
        requireElements(what, "input", input, input.type(), parts.count(rank), "its part");
        requireElements(what, "output", output, input.type(), parts.total(), "all parts");
        requireSameMemory(what, input, output);
        requireMemory(name, input);
        CollectiveCall call = call(Kind.UNEQUAL_ALL_GATHER, name, output, null, parts);
        return new Collective(
                call,
                input.shape(),
                (at, operation) -> at.allGather(operation, input, output, parts),
                backends.runOnCallers(call.memory()));
    }

    Collective reduceScatter(
            String name, Tensor input, Tensor output, Reduction reduction, long[] elementCounts) {
        reduction.requireParts(name);
        reduction.requireMeaning(name, input);
        String what = "reduce-scatter of '%s'".formatted(name);
        Parts parts = parts(what, "counts", elementCounts);
        requireElements(what, "input", input, input.type(), parts.total(), "all parts");
        requireElements(what, "output", output, input.type(), parts.count(rank), "its part");
        requireSameMemory(what, input, output);
        requireMemory(name, output);
        CollectiveCall call = call(Kind.REDUCE_SCATTER, name, input, reduction, parts);
        return new Collective(
                call,
                input.shape(),
                (at, operation) -> at.reduceScatter(operation, input, output, reduction, parts),
                backends.runOnCallers(call.memory()));
    }

    Collective allToAll(
            String name, Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        String what = "all-to-all of '%s'".formatted(name);
        Parts send = parts(what, "send counts", sendCounts);
        Parts receive = parts(what, "receive counts", receiveCounts);
        requireElements(what, "input", input, input.type(), send.total(), "what it sends");
        requireElements(what, "output", output, input.type(), receive.total(), "what it receives");
        requireSameMemory(what, input, output);
        if (send.count(rank) != receive.count(rank)) {
            throw new IllegalArgumentException(
                    "In the %s rank %d sends itself %d elements, but expects %d from itself. Give the same count for both."
                            .formatted(what, rank, send.count(rank), receive.count(rank)));
        }
        requireMemory(name, input);
        requireMemory(name, output);
        CollectiveCall call =
                new CollectiveCall(
                        Kind.ALL_TO_ALL, name, input.type(), null, false, -1, 0, Memory.of(input));
        return new Collective(
                call,
                input.shape(),
                (at, operation) -> at.allToAll(operation, input, send, output, receive),
                backends.runOnCallers(call.memory()));
    }

    private Parts parts(String what, String role, long[] counts) {
        if (counts.length != size) {
            throw new IllegalArgumentException(
                    "The %s has %d %s, but there are %d ranks. Give one for each rank, in rank order."
                            .formatted(what, counts.length, role, size));
        }
        try {
            return Parts.of(counts);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "The %s cannot have the %s %s: %s"
                            .formatted(what, role, Arrays.toString(counts), e.getMessage()),
                    e);
        }
    }

    private void requireElements(
            String what, String role, Tensor tensor, DataType type, long expected, String why) {
        if (tensor.type() != type || tensor.elementCount() != expected) {
            throw new IllegalArgumentException(
                    "The %s of the %s must be %s[%d] on rank %d, %s by the counts; it is %s. Correct the tensor or the counts."
                            .formatted(role, what, type, expected, rank, why, tensor));
        }
    }

    private static void requireSameMemory(String what, Tensor input, Tensor output) {
        if (Memory.of(output) != Memory.of(input)) {
            throw new IllegalArgumentException(
                    "Input and output of the %s must both be in host or both in device memory; the input is %s, the output %s. Copy one of them."
                            .formatted(what, input, output));
        }
    }

    /**
     * The rows of an all-to-all.
     *
     * @param given empty for as many to each rank
     */
    long[] rowsToEach(String name, HostTensor input, long[] given) {
        long rows = input.shape().rows();
        if (input.shape().dimensions().isEmpty() || (given.length == 0 && rows % size != 0)) {
            throw new IllegalArgumentException(
                    "The all-to-all of '%s' cannot send as many rows of %s to each of %d ranks. Say how many each is sent."
                            .formatted(name, input, size));
        }
        if (given.length == 0) {
            long[] equal = new long[size];
            Arrays.fill(equal, rows / size);
            return equal;
        }
        Parts parts = parts("all-to-all of '%s'".formatted(name), "numbers of rows", given);
        if (parts.total() != rows) {
            throw new IllegalArgumentException(
                    "The all-to-all of '%s' is to send %d rows in all, %s, but its input %s has %d. Correct the numbers of rows, or the input."
                            .formatted(name, parts.total(), parts.describe(), input, rows));
        }
        return parts.counts();
    }

    Collective barrier(String name) {
        CollectiveCall call =
                new CollectiveCall(
                        Kind.BARRIER, name, DataType.INT32, null, false, -1, 1, Memory.HOST);
        return new Collective(
                call, TensorShape.of(1), Backends::barrier, backends.runOnCallers(Memory.HOST));
    }

    /**
     * Registered memory.
     *
     * @param onMade told of it before the collective ends
     */
    Collective allocation(
            String name, DataType type, long elementCount, Consumer<Allocation> onMade) {
        if (elementCount < 0) {
            throw new IllegalArgumentException(
                    "%d elements cannot be allocated for '%s'.".formatted(elementCount, name));
        }
        long byteCount = Math.multiplyExact(elementCount, (long) type.byteCount());
        CollectiveCall call =
                new CollectiveCall(
                        Kind.ALLOCATION, name, type, null, false, -1, elementCount, Memory.HOST);
        return new Collective(
                call,
                TensorShape.of(elementCount),
                (at, operation) -> onMade.accept(at.allocate(operation, byteCount)),
                backends.runOnCallers(Memory.HOST));
    }

    private void requireMemory(String name, Tensor tensor) {
        if (areNegotiated && Memory.of(tensor) == Memory.DEVICE) {
            return;
        }
        try {
            backends.require(name, tensor);
        } catch (CollectiveException e) {
            onFailure.accept(e); // the peers may be in a collective without this rank
            throw e;
        }
    }

    private CollectiveCall call(
            Kind kind, String name, Tensor whole, @Nullable Reduction reduction, Parts parts) {
        CollectiveCall call = call(kind, name, whole, reduction, -1);
        return new CollectiveCall(
                kind,
                name,
                call.type(),
                call.op(),
                call.isPrescaled(),
                call.postscale(),
                call.root(),
                call.elementCount(),
                call.memory(),
                parts.describe());
    }

    private CollectiveCall call(
            Kind kind, String name, Tensor tensor, @Nullable Reduction reduction, int root) {
        requireMemory(name, tensor);
        return new CollectiveCall(
                kind,
                name,
                tensor.type(),
                reduction == null ? null : reduction.op(),
                reduction != null && reduction.isPrescaled(),
                reduction == null ? 1 : reduction.postscale(),
                root,
                tensor.elementCount(),
                Memory.of(tensor),
                "");
    }
}
