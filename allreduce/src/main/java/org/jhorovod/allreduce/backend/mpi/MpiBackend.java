package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import org.jhorovod.allreduce.backend.host.Prescaling;
import org.jhorovod.allreduce.backend.mpi.CallComparison.Different;
import org.jhorovod.allreduce.backend.mpi.CallComparison.Same;
import org.jhorovod.allreduce.backend.mpi.CallComparison.Verdict;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.spi.ExchangeCounts;
import org.jhorovod.allreduce.spi.HostMemoryBackend;
import org.jhorovod.allreduce.spi.Operation;

/**
 * MPI's collectives on the tensors' own memory. They block, since those that do not make no
 * progress of their own; one that never returns is left to itself by the engine.
 */
final class MpiBackend implements HostMemoryBackend {
    // Two ranks whose engines wake on one core share it until the system moves one of them: that
    // made an all-reduce of 16 MiB a third slower (src/test/benchmark/mpi-allreduce).
    private static final Duration ALERTNESS = Duration.ofMillis(1);

    private final Topology self;
    private final MpiProcess mpi;
    private final MpiBindings bindings;
    private final CallComparison comparison;
    private final HostPieces pieces = new HostPieces();
    private final WideStaging staging = new WideStaging();
    private final Prescaling prescaling = Prescaling.inJava();
    private final MpiParts withParts;

    MpiBackend(Topology self, MpiProcess mpi) throws MpiException {
        this.self = self;
        this.mpi = mpi;
        this.bindings = mpi.bindings();
        this.withParts = new MpiParts(mpi, staging, prescaling);
        this.comparison = new CallComparison(self, mpi);
    }

    @Override
    public String transportName() {
        return "mpi";
    }

    @Override
    public Duration alertness() {
        return ALERTNESS;
    }

    /** A collective after the comparison. */
    private interface Collective {
        void run(boolean isInPieces) throws MpiException;
    }

    private void run(Operation operation, boolean isInPieces, Collective collective) {
        Verdict verdict;
        try {
            verdict =
                    mpi.inTurn(
                            () -> {
                                Verdict found = comparison.compare(operation, isInPieces);
                                if (found instanceof Same same) {
                                    collective.run(same.isInPieces());
                                }
                                return found;
                            });
        } catch (MpiException e) {
            // Most likely a peer is gone, and the control plane knows in a moment which.
            throw operation.gaveUp("MPI failed: " + e.getMessage());
        }
        if (verdict instanceof Different different) {
            throw different.mismatch();
        }
    }

    @Override
    public void allReduce(Operation operation, HostTensor tensor, Reduction reduction) {
        ReduceOp op = reduction.op();
        boolean isWide = WideStaging.typeFor(tensor.type(), op) != tensor.type();
        run(
                operation,
                HostPieces.isInPieces(tensor),
                isInPieces -> {
                    prescaling.apply(tensor, reduction);
                    if (isWide) {
                        reduceWide(operation, tensor, op);
                    } else {
                        MpiReduction how = MpiReduction.of(tensor.type(), op, self.size());
                        pieces.forEach(tensor, isInPieces, piece -> reduce(operation, piece, how));
                    }
                });
    }

    private void reduceWide(Operation operation, HostTensor tensor, ReduceOp op)
            throws MpiException {
        DataType type = tensor.type();
        // A sum of bytes wraps around before it is divided, as in the wider types.
        boolean isDividedNarrow = op == ReduceOp.AVERAGE && !type.isFloatingPoint();
        MpiReduction how =
                MpiReduction.of(
                        WideStaging.typeFor(type, op),
                        isDividedNarrow ? ReduceOp.SUM : op,
                        self.size());
        pieces.forEach(
                tensor,
                WideStaging.blockBytes(type),
                block -> {
                    staging.reduceWide(type, block, wide -> reduce(operation, wide, how));
                    if (isDividedNarrow) {
                        Division.divide(type, block, self.size());
                    }
                });
    }

    private void reduce(Operation operation, ByteBuffer elements, MpiReduction how)
            throws MpiException {
        how.before().apply(elements);
        int count = elements.remaining() / how.type().byteCount();
        bindings.allReduce(
                mpi.comm(), elements, count, bindings.type(how.type()), bindings.op(how.op()));
        how.after().apply(elements);
        operation.progressed();
    }

    @Override
    public void broadcast(Operation operation, HostTensor tensor, int root) {
        run(
                operation,
                HostPieces.isInPieces(tensor),
                isInPieces -> {
                    Object bytes = bindings.type(MpiType.BYTE);
                    pieces.forEach(
                            tensor,
                            isInPieces,
                            piece -> {
                                bindings.broadcast(
                                        mpi.comm(), piece, piece.remaining(), bytes, root);
                                operation.progressed();
                            });
                });
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output) {
        boolean isInPieces = HostPieces.isInPieces(input) || HostPieces.isInPieces(output);
        run(
                operation,
                isInPieces,
                anyInPieces -> {
                    if (input.byteCount() == 0) {
                        return;
                    }
                    if (anyInPieces) {
                        gatherPieces(operation, input, output);
                    } else {
                        gather(input.buffers().get(0), output.buffers().get(0));
                    }
                });
    }

    private void gather(ByteBuffer input, ByteBuffer output) throws MpiException {
        Object bytes = bindings.type(MpiType.BYTE);
        bindings.allGather(mpi.comm(), input, output, input.remaining(), bytes);
    }

    /** A block of every rank at a time, which then goes to as many places of the output. */
    private void gatherPieces(Operation operation, HostTensor input, HostTensor output)
            throws MpiException {
        int block = HostPieces.STAGED / self.size();
        ByteBuffer from = direct(block);
        ByteBuffer to = direct(block * self.size());
        for (long offset = 0; offset < input.byteCount(); offset += block) {
            int bytes = (int) Math.min(block, input.byteCount() - offset);
            HostPieces.read(input, offset, from.slice(0, bytes));
            gather(from.slice(0, bytes), to.slice(0, bytes * self.size()));
            for (int rank = 0; rank < self.size(); rank++) {
                HostPieces.write(
                        to.slice(rank * bytes, bytes), output, rank * input.byteCount() + offset);
            }
            operation.progressed();
        }
    }

    @Override
    public void allGather(Operation operation, HostTensor input, HostTensor output, Parts parts) {
        run(
                operation,
                MpiParts.needSlices(input, output),
                inSlices -> withParts.allGather(operation, input, output, parts, inSlices));
    }

    @Override
    public void reduceScatter(
            Operation operation,
            HostTensor input,
            HostTensor output,
            Reduction reduction,
            Parts parts) {
        run(
                operation,
                true,
                inSlices -> withParts.reduceScatter(operation, input, output, reduction, parts));
    }

    @Override
    public void allToAll(
            Operation operation, HostTensor input, HostTensor output, ExchangeCounts counts) {
        run(
                operation,
                MpiParts.needSlices(input, output),
                inSlices -> withParts.allToAll(operation, input, output, counts, inSlices));
    }

    private static ByteBuffer direct(int byteCount) {
        return ByteBuffer.allocateDirect(byteCount).order(ByteOrder.nativeOrder());
    }

    @Override
    public void barrier(Operation operation) {
        // The comparison ends nowhere before all have begun it.
        compareCalls(operation);
    }

    @Override
    public void compareCalls(Operation operation) {
        run(operation, false, isInPieces -> {});
    }

    @Override
    public void wakeup() {
        // The comparison looks by itself, and MPI's collectives cannot be woken.
    }

    @Override
    public void close() {
        // MPI lives on: the process may join again, and a stuck thread must not meet its end.
    }
}
