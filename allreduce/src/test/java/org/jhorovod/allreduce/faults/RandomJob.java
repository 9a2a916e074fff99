package org.jhorovod.allreduce.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.RegisteredMemory;

/**
 * A rank's part in a random sequence of collectives, the same on all ranks, each of whose results
 * it checks.
 */
final class RandomJob {
    private static final long MEMORY_BYTES = 1 << 20;
    private static final int ALIGNMENT = 16;
    private static final int MOST_IN_FLIGHT = 6;
    private static final int ONE_IN_LARGE = 8;
    private static final int SMALL_BITS = 14;
    private static final int LARGE_BITS = 19;
    private static final int LAST_COUNT = 100_003;
    private static final DataType[] TYPES = DataType.values();
    private static final ReduceOp[] OPS = ReduceOp.values();

    private final Communicator communicator;
    private final long seed;
    private final SplittableRandom random; // drawn from in the same order on all ranks
    private RegisteredMemory memory;
    private long usedBytes;
    private long calls;

    /** A collective that is under way, and what to look at when it is done. */
    private record Pending(
            String what, CompletableFuture<Void> future, Supplier<Optional<String>> check) {}

    /** The job of a seed. */
    RandomJob(Communicator communicator, long seed) {
        this.communicator = communicator;
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.memory = communicator.allocate(DataType.INT8, MEMORY_BYTES);
    }

    /**
     * Runs to the job's end.
     *
     * @param onStep told of each step before it begins
     * @param beforeLast called before the last collectives
     * @throws WrongResultException if there is one
     */
    void run(int steps, IntConsumer onStep, Runnable beforeLast) {
        for (int step = 0; step < steps; step++) {
            onStep.accept(step);
            step();
        }
        beforeLast.run();
        // Whatever connection a job has is used once more.
        finish(allReduce(DataType.FLOAT32, ReduceOp.SUM, LAST_COUNT));
        communicator.barrier("end");
        memory.close();
    }

    private void step() {
        usedBytes = 0;
        switch (random.nextInt(12)) {
            case 0 -> communicator.barrier("barrier " + calls++);
            case 1, 2 -> finish(broadcast());
            case 3 -> finish(allGather());
            case 4 -> renewMemory();
            case 5, 6 -> inFlight();
            case 7, 8 -> blocking();
            default -> finish(allReduce());
        }
    }

    private void renewMemory() {
        memory.close();
        memory = communicator.allocate("memory " + calls++, DataType.INT8, MEMORY_BYTES);
    }

    private void inFlight() {
        List<Pending> pending = new ArrayList<>();
        for (int left = 2 + random.nextInt(MOST_IN_FLIGHT - 1); left > 0; left--) {
            pending.add(random.nextInt(3) == 0 ? broadcast() : allReduce());
        }
        pending.forEach(this::finish);
    }

    private void finish(Pending pending) {
        communicator.await(pending.future());
        check(pending.what(), pending.check().get());
    }

    private static void check(String what, Optional<String> difference) {
        if (difference.isPresent()) {
            throw new WrongResultException(what + ": " + difference.get());
        }
    }

    private Pending allReduce() {
        DataType type = TYPES[random.nextInt(TYPES.length)];
        return allReduce(type, op(type), count());
    }

    private Pending allReduce(DataType type, ReduceOp op, int count) {
        String what = "%s %d".formatted(op, calls++);
        Elements elements = elements(type, op);
        HostTensor tensor = place(type, count);
        elements.fill(tensor, communicator.rank());
        return new Pending(
                what,
                communicator.allReduceAsync(what, tensor, op),
                () -> elements.differenceFromReduced(tensor, communicator.size()));
    }

    private void blocking() {
        DataType type = TYPES[random.nextInt(TYPES.length)];
        ReduceOp op = op(type);
        String what = "blocking %s %d".formatted(op, calls++);
        Elements elements = elements(type, op);
        HostTensor tensor = place(type, count());
        elements.fill(tensor, communicator.rank());
        communicator.allReduce(what, tensor, op);
        check(what, elements.differenceFromReduced(tensor, communicator.size()));
    }

    private Pending broadcast() {
        String what = "broadcast " + calls++;
        DataType type = TYPES[random.nextInt(TYPES.length)];
        int root = random.nextInt(communicator.size());
        Elements elements = elements(type, ReduceOp.SUM);
        HostTensor tensor = place(type, count());
        elements.fill(tensor, communicator.rank());
        return new Pending(
                what,
                communicator.broadcastAsync(what, tensor, root),
                () -> elements.differenceFrom(tensor, root));
    }

    private Pending allGather() {
        String what = "all-gather " + calls++;
        DataType type = TYPES[random.nextInt(TYPES.length)];
        int count = count();
        Elements elements = elements(type, ReduceOp.SUM);
        HostTensor input = place(type, count);
        HostTensor output = HostTensor.allocate(type, (long) count * communicator.size());
        elements.fill(input, communicator.rank());
        return new Pending(
                what,
                communicator.allGatherAsync(what, input, output),
                () -> differenceFromGathered(elements, input, output));
    }

    private Optional<String> differenceFromGathered(
            Elements elements, HostTensor input, HostTensor output) {
        for (int rank = 0; rank < communicator.size(); rank++) {
            Optional<String> difference =
                    elements.differenceFrom(part(output, rank * input.byteCount(), input), rank);
            if (difference.isPresent()) {
                return difference.map(text -> text + ", of rank's part");
            }
        }
        return Optional.empty();
    }

    private static HostTensor part(HostTensor whole, long byteOffset, HostTensor like) {
        return like.byteCount() == 0
                ? like
                : HostTensor.of(like.type(), whole.view(byteOffset, like.byteCount()));
    }

    private ReduceOp op(DataType type) {
        ReduceOp op = OPS[random.nextInt(OPS.length)];
        return type.supports(op) && op.isElementWise() ? op : ReduceOp.MAX;
    }

    /** Any number of digits is as likely as any other; seldom very many. */
    private int count() {
        int bits = random.nextInt(ONE_IN_LARGE) == 0 ? LARGE_BITS : SMALL_BITS;
        return random.nextInt(1 << random.nextInt(bits + 1));
    }

    private Elements elements(DataType type, ReduceOp op) {
        return new Elements(seed * 1_000_003 + calls, type, op);
    }

    /** In registered memory on all ranks, on some, or on none. */
    private HostTensor place(DataType type, int count) {
        int where = random.nextInt(3);
        boolean isRegistered = where == 0 || (where == 1 && communicator.rank() % 2 == 0);
        long bytes = (long) count * type.byteCount();
        long offset = usedBytes;
        if (offset + bytes > MEMORY_BYTES) {
            return HostTensor.allocate(type, count);
        }
        usedBytes = (offset + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return isRegistered ? memory.slice(type, offset, count) : HostTensor.allocate(type, count);
    }

    /** A collective has left something else than it should. */
    static final class WrongResultException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        WrongResultException(String message) {
            super(message);
        }
    }
}
