package org.jhorovod.allreduce.engine;

import java.util.function.Consumer;
import org.jhorovod.allreduce.collective.CollectiveCall;
import org.jhorovod.allreduce.collective.CollectiveCall.Kind;
import org.jhorovod.allreduce.collective.CollectiveCall.Memory;
import org.jhorovod.allreduce.collective.CollectiveException;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;
import org.jhorovod.allreduce.spi.Allocation;
import org.jspecify.annotations.Nullable;

/** Checks the arguments of collectives at their calls. */
final class Collectives {
    private final int size;
    private final Backends backends;
    private final Consumer<CollectiveException> onFailure;

    /**
     * For a job of so many ranks.
     *
     * @param onFailure told of a failure of the job that a call has found
     */
    Collectives(int size, Backends backends, Consumer<CollectiveException> onFailure) {
        this.size = size;
        this.backends = backends;
        this.onFailure = onFailure;
    }

    Collective allReduce(String name, Tensor tensor, Reduction reduction) {
        reduction.requireMeaning(name, tensor);
        CollectiveCall call = call(Kind.ALL_REDUCE, name, tensor, reduction, -1);
        return new Collective(
                call,
                operation -> backends.allReduce(operation, tensor, reduction),
                backends.runOnCallers(call.memory()));
    }

    Collective broadcast(String name, Tensor tensor, int root) {
        if (root < 0 || root >= size) {
            throw new IllegalArgumentException(
                    "The root %d of the broadcast of '%s' is no rank: there are %d, numbered from 0."
                            .formatted(root, name, size));
        }
        CollectiveCall call = call(Kind.BROADCAST, name, tensor, null, root);
        return new Collective(
                call,
                operation -> backends.broadcast(operation, tensor, root),
                backends.runOnCallers(call.memory()));
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
                operation -> backends.allGather(operation, input, output),
                backends.runOnCallers(call.memory()));
    }

    Collective barrier(String name) {
        CollectiveCall call =
                new CollectiveCall(
                        Kind.BARRIER, name, DataType.INT32, null, false, -1, 1, Memory.HOST);
        return new Collective(call, backends::barrier, backends.runOnCallers(Memory.HOST));
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
                operation -> onMade.accept(backends.allocate(operation, byteCount)),
                backends.runOnCallers(Memory.HOST));
    }

    private CollectiveCall call(
            Kind kind, String name, Tensor tensor, @Nullable Reduction reduction, int root) {
        try {
            backends.require(name, tensor);
        } catch (CollectiveException e) {
            onFailure.accept(e); // the peers may be in a collective without this rank
            throw e;
        }
        return new CollectiveCall(
                kind,
                name,
                tensor.type(),
                reduction == null ? null : reduction.op(),
                reduction != null && reduction.isPrescaled(),
                root,
                tensor.elementCount(),
                Memory.of(tensor));
    }
}
