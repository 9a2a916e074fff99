package org.jhorovod.examples;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jspecify.annotations.Nullable;

/** Memory of the host, which the input is in already. */
final class HostMemory implements PerfMemory {
    private final HostTensor input;
    private final HostTensor work;
    private final @Nullable RegisteredMemory registered; // null where work is ordinary memory

    private HostMemory(long byteCount, HostTensor work, @Nullable RegisteredMemory registered) {
        this.input = HostTensor.allocate(DataType.UINT8, byteCount);
        this.work = work;
        this.registered = registered;
    }

    /** Memory of this process alone. */
    static HostMemory ordinary(long byteCount) {
        long whole = roundUp(byteCount);
        return new HostMemory(whole, HostTensor.allocate(DataType.UINT8, whole), null);
    }

    /** Memory that ranks may share; all of them call this. */
    static HostMemory registered(Communicator communicator, long byteCount) {
        long whole = roundUp(byteCount);
        RegisteredMemory memory = communicator.allocate(DataType.UINT8, whole);
        return new HostMemory(whole, memory.tensor(), memory);
    }

    /** To a whole element of any type: a row has one at least. */
    static long roundUp(long byteCount) {
        return (byteCount + 7) / 8 * 8;
    }

    /** The front of a tensor's bytes, as elements of a type. */
    static HostTensor front(HostTensor bytes, DataType type, long elementCount) {
        List<ByteBuffer> views = new ArrayList<>();
        long byteCount = elementCount * type.byteCount();
        for (long done = 0; done < byteCount; ) {
            ByteBuffer view = bytes.view(done, byteCount - done);
            views.add(view);
            done += view.remaining();
        }
        return HostTensor.of(type, views);
    }

    @Override
    public String name() {
        return registered == null ? "host memory" : "registered host memory";
    }

    @Override
    public HostTensor input(DataType type, long elementCount) {
        return front(input, type, elementCount);
    }

    @Override
    public void load(long byteCount) {}

    @Override
    public void copyInput(long byteCount) {
        for (long done = 0; done < byteCount; ) {
            ByteBuffer from = input.view(done, byteCount - done);
            int bytes = from.remaining();
            work.view(done, bytes).put(from);
            done += bytes;
        }
    }

    @Override
    public HostTensor work(DataType type, long elementCount) {
        return registered == null
                ? front(work, type, elementCount)
                : registered.slice(type, 0, elementCount);
    }

    @Override
    public HostTensor result(DataType type, long elementCount) {
        return work(type, elementCount);
    }

    @Override
    public void close() {
        if (registered != null) {
            registered.close();
        }
    }
}
