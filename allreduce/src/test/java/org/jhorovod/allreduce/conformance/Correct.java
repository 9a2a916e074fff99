package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Tensor;

/** Collectives that all ranks call alike, and what must be in memory then. */
final class Correct {
    // Not a multiple of any vector, page or segment.
    private static final int MARGIN = 3;
    private static final long ROUNDS_OF_BARRIER = 10;

    private Correct() {}

    /** The reference's reduction, the same bits on every rank. */
    static void allReduce(Participant p, DataType type, ReduceOp op) {
        Findings findings = new Findings(p);
        for (long count : Samples.counts(p.size(), type, op)) {
            String what = "%s %s[%d]".formatted(op, type, count);
            Tensor tensor = p.place().put(Reference.input(type, op, count, p.rank()));
            p.communicator().allReduce(what, tensor, op);
            HostTensor result = p.place().fetch(tensor);
            findings.requireSameOnAllRanks(what, result);
            if (findings.isMyTurn(count)) {
                Reference.checkReduced(findings, what, p.size(), op, result);
            }
            p.place().release(tensor);
        }
        findings.report();
    }

    /** The reference's reduction of what each rank's own factor makes of its elements. */
    static void prescaled(Participant p, DataType type, ReduceOp op) {
        Findings findings = new Findings(p);
        for (long count : Samples.counts(p.size(), type, op)) {
            String what = "prescaled %s %s[%d]".formatted(op, type, count);
            Tensor tensor = p.place().put(Reference.input(type, op, count, p.rank()));
            p.communicator().allReduce(what, tensor, op.prescaledBy(Reference.factor(p.rank())));
            HostTensor result = p.place().fetch(tensor);
            findings.requireSameOnAllRanks(what, result);
            if (findings.isMyTurn(count)) {
                Reference.checkPrescaled(findings, what, p.size(), op, result);
            }
            p.place().release(tensor);
        }
        findings.report();
    }

    /** What has no meaning is refused at the call, and the ranks go on. */
    static void refusedPrescale(Participant p) {
        Tensor integers = p.place().put(HostTensor.allocate(DataType.INT32, 3));
        Tensor halves = p.place().put(HostTensor.allocate(DataType.FLOAT16, 3));
        for (Executable refused :
                List.<Executable>of(
                        () -> ReduceOp.MAX.prescaledBy(0.5),
                        () -> ReduceOp.PRODUCT.prescaledBy(0.5),
                        () -> ReduceOp.SUM.prescaledBy(Double.NaN),
                        () -> ReduceOp.SUM.prescaledBy(Double.NEGATIVE_INFINITY),
                        () -> sum(p, integers, 0.5),
                        () -> sum(p, halves, 70_000))) {
            assertThatThrownBy(refused::run).isInstanceOf(IllegalArgumentException.class);
        }
        sum(p, halves, 0.5);
        p.place().release(integers);
        p.place().release(halves);
    }

    private interface Executable {
        void run();
    }

    private static void sum(Participant p, Tensor tensor, double factor) {
        p.communicator().allReduce("scaled", tensor, ReduceOp.SUM.prescaledBy(factor));
    }

    /** Every rank has the root's elements, from every root. */
    static void broadcast(Participant p, DataType type) {
        Findings findings = new Findings(p);
        for (long count : Samples.counts(p.size(), type, ReduceOp.SUM)) {
            for (int root = 0; root < p.size(); root++) {
                String what = "%s[%d] from root %d".formatted(type, count, root);
                Tensor tensor = p.place().put(Reference.input(type, ReduceOp.SUM, count, p.rank()));
                p.communicator().broadcast(what, tensor, root);
                HostTensor expected = Reference.input(type, ReduceOp.SUM, count, root);
                HostTensor result = p.place().fetch(tensor);
                Reference.checkInput(findings, what, result, 0, expected);
                p.place().release(tensor);
            }
        }
        findings.report();
    }

    /** The inputs in rank order, in other memory than theirs, and they as they were. */
    static void allGather(Participant p, DataType type) {
        Findings findings = new Findings(p);
        for (long count : Samples.counts(p.size(), type, ReduceOp.SUM)) {
            String what = "%s[%d]".formatted(type, count);
            HostTensor mine = Reference.input(type, ReduceOp.SUM, count, p.rank());
            Tensor input = p.place().put(mine);
            Tensor output = p.place().put(HostTensor.allocate(type, count * p.size()));
            p.communicator().allGather(what, input, output);
            HostTensor result = p.place().fetch(output);
            for (int rank = 0; rank < p.size(); rank++) {
                HostTensor expected = Reference.input(type, ReduceOp.SUM, count, rank);
                String part = "%s, part of rank %d".formatted(what, rank);
                Reference.checkInput(findings, part, result, rank * count, expected);
                if (rank == p.rank()) {
                    HostTensor unchanged = p.place().fetch(input);
                    Reference.checkInput(findings, what + ", input", unchanged, 0, expected);
                }
            }
            p.place().release(input);
            p.place().release(output);
        }
        findings.report();
    }

    /** Nobody leaves before the last has come; the ranks share a machine, and so a clock. */
    static void barrier(Participant p) {
        Findings findings = new Findings(p);
        for (int round = 0; round < ROUNDS_OF_BARRIER; round++) {
            if (round % p.size() == p.rank()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
            long come = System.nanoTime();
            p.communicator().barrier("all");
            long gone = System.nanoTime();
            for (long other : p.gather("come", come)) {
                if (other - gone > 0) {
                    findings.add("left barrier %d before all had come".formatted(round));
                }
            }
        }
        findings.report();
    }

    /** A tensor in the midst of others: their elements stay. */
    static void surroundings(Participant p) {
        Findings findings = new Findings(p);
        for (DataType type : List.of(DataType.FLOAT32, DataType.FLOAT16, DataType.UINT8)) {
            long count = Samples.counts(p.size(), type, ReduceOp.SUM).get(0) + 10_001;
            HostTensor before = Reference.input(type, ReduceOp.SUM, count + 2 * MARGIN, p.rank());
            Tensor whole =
                    p.place()
                            .put(Reference.input(type, ReduceOp.SUM, count + 2 * MARGIN, p.rank()));
            Tensor middle = p.place().part(whole, MARGIN, count);
            p.communicator().allReduce("middle", middle, ReduceOp.MAX);
            p.communicator().broadcast("middle", middle, p.size() - 1);
            if (type.isFloatingPoint()) {
                sum(p, middle, 0.5);
            }
            HostTensor after = p.place().fetch(whole);
            HostTensor start = part(before, 0, MARGIN);
            HostTensor end = part(before, MARGIN + count, MARGIN);
            Reference.checkInput(findings, type + " before the tensor", after, 0, start);
            Reference.checkInput(findings, type + " after it", after, MARGIN + count, end);
            p.place().release(whole);
        }
        findings.report();
    }

    static HostTensor part(HostTensor tensor, long firstElement, long elementCount) {
        return (HostTensor) new HostMemory().part(tensor, firstElement, elementCount);
    }

    /** Many collectives submitted before the first is awaited. */
    static void inFlight(Participant p) {
        Findings findings = new Findings(p);
        Communicator c = p.communicator();
        List<Tensor> tensors = new ArrayList<>();
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            DataType type = i % 2 == 0 ? DataType.FLOAT32 : DataType.INT32;
            Tensor tensor = p.place().put(Reference.input(type, ReduceOp.SUM, 977L * i, p.rank()));
            tensors.add(tensor);
            futures.add(c.allReduceAsync("tensor " + i, tensor, ReduceOp.SUM));
        }
        futures.forEach(c::await);
        for (Tensor tensor : tensors) {
            HostTensor result = p.place().fetch(tensor);
            Reference.checkReduced(findings, result.toString(), p.size(), ReduceOp.SUM, result);
            p.place().release(tensor);
        }
        findings.report();
    }

    /** Host memory in several buffers is read as one tensor; on a device there is nothing to do. */
    static void severalBuffers(Participant p) {
        if (p.place().isOnDevice()) {
            return;
        }
        Findings findings = new Findings(p);
        int[] parts = {3, 0, 40_001, 1, 29_998};
        long count = Arrays.stream(parts).sum();
        for (DataType type : List.of(DataType.FLOAT32, DataType.INT8)) {
            HostTensor tensor = split(type, parts, p.rank(), count);
            p.communicator().allReduce("split", tensor, ReduceOp.SUM);
            Reference.checkReduced(
                    findings, "SUM of several buffers", p.size(), ReduceOp.SUM, tensor);

            if (type.isFloatingPoint()) {
                HostTensor scaled = split(type, parts, p.rank(), count);
                sum(p, scaled, Reference.factor(p.rank()));
                Reference.checkPrescaled(findings, "prescaled SUM", p.size(), ReduceOp.SUM, scaled);
            }

            HostTensor sent = split(type, parts, p.rank(), count);
            p.communicator().broadcast("split", sent, p.size() - 1);
            HostTensor expected = Reference.input(type, ReduceOp.SUM, count, p.size() - 1);
            Reference.checkInput(findings, "broadcast of several buffers", sent, 0, expected);
        }
        findings.report();
    }

    private static HostTensor split(DataType type, int[] parts, int rank, long count) {
        return split(Reference.input(type, ReduceOp.SUM, count, rank), parts);
    }

    /** The same elements in other memory, in several buffers. */
    static HostTensor split(HostTensor whole, int... parts) {
        DataType type = whole.type();
        ByteBuffer source = whole.buffers().get(0);
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int part : parts) {
            byte[] bytes = new byte[part * type.byteCount()];
            source.get(bytes);
            buffers.add(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
        }
        return HostTensor.of(type, buffers);
    }
}
