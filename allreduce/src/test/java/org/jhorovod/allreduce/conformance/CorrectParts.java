package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Parts;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.collective.Tensor;

/** Collectives with a part for each rank that all call alike, and what must be in memory then. */
final class CorrectParts {
    private static final int MARGIN = 3;

    private CorrectParts() {}

    /** Each rank has its part of the reference's reduction, and its input as it was. */
    static void reduceScatter(Participant p, DataType type, ReduceOp op) {
        Findings findings = new Findings(p);
        for (long[] counts : Samples.parts(p.size(), type, op)) {
            Parts parts = Parts.of(counts);
            String what = "reduce-scatter %s %s%s".formatted(op, type, parts.describe());
            HostTensor result = reduceScatter(p, findings, what, type, Reduction.of(op), parts);
            Reference.checkReduced(findings, what, p.size(), op, result, parts.offset(p.rank()));
        }
        findings.report();
    }

    /** The same of elements that each rank multiplies by a factor of its own. */
    static void prescaled(Participant p, DataType type, ReduceOp op) {
        Findings findings = new Findings(p);
        Reduction reduction = op.prescaledBy(Reference.factor(p.rank()));
        for (long[] counts : Samples.parts(p.size(), type, op)) {
            Parts parts = Parts.of(counts);
            String what = "prescaled reduce-scatter %s %s%s".formatted(op, type, parts.describe());
            HostTensor result = reduceScatter(p, findings, what, type, reduction, parts);
            Reference.checkPrescaled(findings, what, p.size(), op, result, parts.offset(p.rank()));
        }
        findings.report();
    }

    private static HostTensor reduceScatter(
            Participant p,
            Findings findings,
            String what,
            DataType type,
            Reduction reduction,
            Parts parts) {
        HostTensor mine = Reference.input(type, reduction.op(), parts.total(), p.rank());
        Tensor input = p.place().put(mine);
        Tensor output = p.place().put(HostTensor.allocate(type, parts.count(p.rank())));
        boolean isEven =
                Arrays.equals(Parts.even(parts.total(), p.size()).counts(), parts.counts());
        if (isEven) {
            p.communicator().reduceScatter(what, input, output, reduction);
        } else {
            p.communicator().reduceScatter(what, input, output, reduction, parts.counts());
        }
        HostTensor expected = Reference.input(type, reduction.op(), parts.total(), p.rank());
        Reference.checkInput(findings, what + ", input", p.place().fetch(input), 0, expected);
        HostTensor result = copy(p.place().fetch(output));
        p.place().release(input);
        p.place().release(output);
        return result;
    }

    private static HostTensor copy(HostTensor tensor) {
        HostTensor copy = HostTensor.allocate(tensor.type(), tensor.elementCount());
        for (int i = 0; i < tensor.buffers().size(); i++) {
            copy.buffers().get(i).put(tensor.buffers().get(i));
        }
        return copy;
    }

    /** The inputs in rank order, however long each is. */
    static void allGather(Participant p, DataType type) {
        Findings findings = new Findings(p);
        for (long[] counts : Samples.parts(p.size(), type, ReduceOp.SUM)) {
            Parts parts = Parts.of(counts);
            String what = "unequal all-gather %s%s".formatted(type, parts.describe());
            Tensor input = p.place().put(input(type, counts[p.rank()], p.rank()));
            Tensor output = p.place().put(HostTensor.allocate(type, parts.total()));
            p.communicator().allGather(what, input, output, counts);
            HostTensor result = p.place().fetch(output);
            for (int rank = 0; rank < p.size(); rank++) {
                HostTensor expected = input(type, counts[rank], rank);
                String part = "%s, part of rank %d".formatted(what, rank);
                Reference.checkInput(findings, part, result, parts.offset(rank), expected);
            }
            HostTensor mine = input(type, counts[p.rank()], p.rank());
            Reference.checkInput(findings, what + ", input", p.place().fetch(input), 0, mine);
            p.place().release(input);
            p.place().release(output);
        }
        findings.report();
    }

    private static HostTensor input(DataType type, long count, int rank) {
        return Reference.input(type, ReduceOp.SUM, count, rank);
    }

    /** Each rank has what each other one has for it. */
    static void allToAll(Participant p, DataType type) {
        Findings findings = new Findings(p);
        for (long unit : Samples.units(type)) {
            for (boolean isEven : List.of(true, false)) {
                Exchange exchange = new Exchange(p.size(), unit, isEven);
                Parts sent = exchange.sentBy(p.rank());
                Parts received = exchange.receivedBy(p.rank());
                String what = "all-to-all %s%s".formatted(type, sent.describe());
                Tensor input = p.place().put(input(type, sent.total(), p.rank()));
                Tensor output = p.place().put(HostTensor.allocate(type, received.total()));
                p.communicator().allToAll("x", input, sent.counts(), output, received.counts());
                exchange.check(findings, what, p.rank(), p.place().fetch(output), 0);
                HostTensor mine = input(type, sent.total(), p.rank());
                Reference.checkInput(findings, what + ", input", p.place().fetch(input), 0, mine);
                p.place().release(input);
                p.place().release(output);
            }
        }
        findings.report();
    }

    /** How many elements go from whom to whom. */
    private record Exchange(int size, long unit, boolean isEven) {

        long count(int from, int to) {
            boolean isEmpty = (from + 2 * to) % 3 == 1;
            return isEven ? unit : isEmpty ? 0 : unit * ((3 * from + to) % 4) + from + 1;
        }

        Parts sentBy(int rank) {
            return Parts.of(IntStream.range(0, size).mapToLong(to -> count(rank, to)).toArray());
        }

        Parts receivedBy(int rank) {
            return Parts.of(
                    IntStream.range(0, size).mapToLong(from -> count(from, rank)).toArray());
        }

        /** Checks what a rank has received, from an element on. */
        void check(Findings findings, String what, int rank, HostTensor result, long first) {
            for (int from = 0; from < size; from++) {
                Parts sent = sentBy(from);
                HostTensor whole = input(result.type(), sent.total(), from);
                HostTensor expected = Correct.part(whole, sent.offset(rank), sent.count(rank));
                long at = first + receivedBy(rank).offset(from);
                String part = "%s, from rank %d".formatted(what, from);
                Reference.checkInput(findings, part, result, at, expected);
            }
        }
    }

    /** Outputs in the midst of other elements, which stay. */
    static void surroundings(Participant p) {
        Findings findings = new Findings(p);
        DataType type = DataType.FLOAT16;
        Parts parts = Parts.rows(7 * p.size() + 1, 143, p.size());
        long count = parts.count(p.rank());
        HostTensor before = input(type, count + 2 * MARGIN, p.rank());
        Tensor whole = p.place().put(input(type, count + 2 * MARGIN, p.rank()));
        Tensor input = p.place().put(input(type, parts.total(), p.rank()));
        Tensor output = p.place().part(whole, MARGIN, count);
        p.communicator()
                .reduceScatter("middle", input, output, Reduction.of(ReduceOp.MAX), parts.counts());
        HostTensor after = p.place().fetch(whole);
        HostTensor part = Correct.part(after, MARGIN, count);
        Reference.checkReduced(
                findings, "middle", p.size(), ReduceOp.MAX, part, parts.offset(p.rank()));
        requireMargins(findings, "reduce-scatter", before, after, count);

        Exchange exchange = new Exchange(p.size(), 97, false);
        long received = exchange.receivedBy(p.rank()).total();
        HostTensor beforeExchange = input(type, received + 2 * MARGIN, p.rank());
        Tensor large = p.place().put(input(type, received + 2 * MARGIN, p.rank()));
        Parts sent = exchange.sentBy(p.rank());
        Tensor from = p.place().put(input(type, sent.total(), p.rank()));
        p.communicator()
                .allToAll(
                        "middle",
                        from,
                        sent.counts(),
                        p.place().part(large, MARGIN, received),
                        exchange.receivedBy(p.rank()).counts());
        HostTensor afterExchange = p.place().fetch(large);
        exchange.check(findings, "all-to-all in the middle", p.rank(), afterExchange, MARGIN);
        requireMargins(findings, "all-to-all", beforeExchange, afterExchange, received);
        for (Tensor tensor : List.of(whole, input, large, from)) {
            p.place().release(tensor);
        }
        findings.report();
    }

    private static void requireMargins(
            Findings findings, String what, HostTensor before, HostTensor after, long count) {
        HostTensor start = Correct.part(before, 0, MARGIN);
        HostTensor end = Correct.part(before, MARGIN + count, MARGIN);
        Reference.checkInput(findings, what + ", before the output", after, 0, start);
        Reference.checkInput(findings, what + ", after it", after, MARGIN + count, end);
    }

    /** Host memory in several buffers is one tensor; on a device there is nothing to do. */
    static void severalBuffers(Participant p) {
        if (p.place().isOnDevice()) {
            return;
        }
        Findings findings = new Findings(p);
        Communicator c = p.communicator();
        for (DataType type : List.of(DataType.FLOAT64, DataType.INT8)) {
            Parts parts = Parts.rows(p.size() + 1, 10_007, p.size());
            int own = (int) parts.count(p.rank());
            int total = (int) parts.total();
            HostTensor input = split(input(type, total, p.rank()));
            HostTensor output = split(HostTensor.allocate(type, own));
            c.reduceScatter("split", input, output, Reduction.of(ReduceOp.SUM), parts.counts());
            long first = parts.offset(p.rank());
            Reference.checkReduced(findings, "split", p.size(), ReduceOp.SUM, output, first);

            HostTensor all = split(HostTensor.allocate(type, total));
            c.allGather("split", split(input(type, own, p.rank())), all, parts.counts());
            for (int rank = 0; rank < p.size(); rank++) {
                HostTensor expected = input(type, parts.count(rank), rank);
                Reference.checkInput(findings, "split", all, parts.offset(rank), expected);
            }

            Exchange exchange = new Exchange(p.size(), 5_003, false);
            Parts sent = exchange.sentBy(p.rank());
            Parts received = exchange.receivedBy(p.rank());
            HostTensor from = split(input(type, sent.total(), p.rank()));
            HostTensor to = split(HostTensor.allocate(type, received.total()));
            c.allToAll("split", from, sent.counts(), to, received.counts());
            exchange.check(findings, "all-to-all of several buffers", p.rank(), to, 0);
        }
        findings.report();
    }

    private static HostTensor split(HostTensor whole) {
        int count = (int) whole.elementCount();
        int some = count / 3;
        return count == 0
                ? whole
                : Correct.split(whole, some, 0, some / 2, count - some - some / 2);
    }

    /** Counts that do not fit are refused at the call, and the ranks go on. */
    static void refusedCounts(Participant p) {
        Communicator c = p.communicator();
        int size = p.size();
        Tensor two = p.place().put(HostTensor.allocate(DataType.FLOAT32, 2));
        Tensor all = p.place().put(HostTensor.allocate(DataType.FLOAT32, 2L * size));
        Reduction sum = Reduction.of(ReduceOp.SUM);
        long[] twos = new long[size];
        Arrays.fill(twos, 2);
        long[] toOne = new long[size];
        Arrays.fill(toOne, 2);
        toOne[size - 1] = 1;
        assertThatThrownBy(() -> c.reduceScatter("w", all, two, sum, new long[size + 1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'w'", (size + 1) + " counts", size + " ranks");
        assertThatThrownBy(() -> c.reduceScatter("w", all, two, sum, toOne))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("input", "'w'", "FLOAT32[" + (2 * size - 1) + "]");
        Tensor none = p.place().put(HostTensor.allocate(DataType.FLOAT32, 0));
        assertThatThrownBy(() -> c.allGather("w", none, all, twos))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("input", "'w'", "FLOAT32[2]", "FLOAT32[0]");
        long[] negative = twos.clone();
        negative[0] = -1;
        assertThatThrownBy(() -> c.allToAll("w", all, negative, all, twos))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'w'", "send counts", "-1");
        c.barrier("after");
        p.place().release(none);
        p.place().release(all);
        p.place().release(two);
    }
}
