package org.jhorovod.allreduce.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * The ranks of a communicator as carriers; waits as long as its collectives do.
 *
 * <p>Over several communicators of the same ranks, each with connections of its own, what is long
 * is cut into as many parts that travel at the same time: where a message takes long to arrive, one
 * connection has too little on its way to fill the line.
 */
public final class CommunicatorExchange implements Exchange {
    private static final int LEAST_BYTES = 32 << 10; // of a part

    private final List<Communicator> streams;
    private final String name;
    private final List<ByteBuffer> memory = new ArrayList<>(); // by part; grows as needed

    /** Under a name that is the same on all ranks. */
    public CommunicatorExchange(Communicator communicator, String name) {
        this(List.of(communicator), name);
    }

    /**
     * Over several streams.
     *
     * @param streams at least one; of the same ranks in the same order
     * @param name the same on all ranks
     */
    public CommunicatorExchange(List<Communicator> streams, String name) {
        this.streams = List.copyOf(streams);
        this.name = name;
    }

    @Override
    public int size() {
        return streams.get(0).size();
    }

    @Override
    public int position() {
        return streams.get(0).rank();
    }

    @Override
    public void allGather(ByteBuffer own, ByteBuffer all) {
        int count = parts(own.remaining());
        if (count == 1) {
            streams.get(0).allGather(name, bytes(own), bytes(all));
            return;
        }
        int[] ends = ends(own.remaining(), count, 1);
        List<ByteBuffer> gathered = new ArrayList<>();
        for (int part = 0; part < count; part++) {
            gathered.add(memory(part, (ends[part] - start(ends, part)) * size()));
        }
        together(
                count,
                part ->
                        streams.get(part)
                                .allGatherAsync(
                                        name,
                                        bytes(part(own, ends, part)),
                                        bytes(gathered.get(part))));
        for (int carrier = 0; carrier < size(); carrier++) {
            for (int part = 0; part < count; part++) {
                ByteBuffer ofAll = gathered.get(part);
                int length = ofAll.remaining() / size();
                int at = all.position() + carrier * own.remaining() + start(ends, part);
                all.put(at, ofAll, carrier * length, length);
            }
        }
    }

    @Override
    public void allReduce(ByteBuffer sum) {
        int count = parts(sum.remaining());
        int[] ends = ends(sum.remaining(), count, Float.BYTES);
        together(
                count,
                part -> {
                    HostTensor tensor = HostTensor.of(DataType.FLOAT32, part(sum, ends, part));
                    return streams.get(part).allReduceAsync(name, tensor, ReduceOp.SUM);
                });
    }

    /** Returns when all that have begun are over, as they use the caller's memory until then. */
    private void together(int count, IntFunction<CompletableFuture<Void>> parts) {
        List<CompletableFuture<Void>> underWay = new ArrayList<>();
        List<RuntimeException> failures = new ArrayList<>();
        for (int part = 0; part < count && failures.isEmpty(); part++) {
            try {
                underWay.add(parts.apply(part));
            } catch (RuntimeException e) {
                failures.add(e);
            }
        }
        for (int part = 0; part < underWay.size(); part++) {
            try {
                streams.get(part).await(underWay.get(part));
            } catch (RuntimeException e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            RuntimeException first = failures.get(0);
            failures.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }

    /** Of one part, from one exchange to the next. */
    private ByteBuffer memory(int part, int bytes) {
        while (memory.size() <= part) {
            memory.add(ByteBuffer.allocateDirect(0));
        }
        if (memory.get(part).capacity() < bytes) {
            memory.set(part, ByteBuffer.allocateDirect(bytes));
        }
        return memory.get(part).slice(0, bytes);
    }

    private int parts(int bytes) {
        return Math.max(1, Math.min(streams.size(), bytes / LEAST_BYTES));
    }

    private static int[] ends(int bytes, int count, int unit) {
        int[] ends = new int[count];
        for (int part = 0; part < count; part++) {
            ends[part] = (int) ((part + 1L) * (bytes / unit) / count) * unit;
        }
        return ends;
    }

    private static int start(int[] ends, int part) {
        return part == 0 ? 0 : ends[part - 1];
    }

    private static ByteBuffer part(ByteBuffer whole, int[] ends, int part) {
        int start = start(ends, part);
        return whole.slice(whole.position() + start, ends[part] - start)
                .order(ByteOrder.nativeOrder());
    }

    private static HostTensor bytes(ByteBuffer buffer) {
        return HostTensor.of(DataType.INT8, buffer);
    }
}
