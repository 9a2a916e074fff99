package org.jhorovod.allreduce.algorithm;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.HostTensor;

/**
 * Memory for what passes a rank of the ring without being its own; grows to what is needed at most.
 */
final class RingScratch {
    /** The most bytes that are needed at once: they stay in the caches, and are worth the steps. */
    private static final long BYTES = 16 << 20;

    private static final long ALIGNMENT = 64;

    private ByteBuffer memory = ByteBuffer.allocateDirect(0);

    /** How long a block may be where so many are here at once: whole elements. */
    static long blockBytes(int blocks) {
        return Math.max(ALIGNMENT, BYTES / blocks / ALIGNMENT * ALIGNMENT);
    }

    /** Tensors and as many bytes of scratch behind them, as one tensor of the first one's type. */
    HostTensor behind(long scratchBytes, HostTensor... tensors) {
        int needed = Math.toIntExact(scratchBytes);
        if (memory.capacity() < needed) {
            memory = ByteBuffer.allocateDirect(Math.max(needed, 2 * memory.capacity()));
        }
        List<ByteBuffer> buffers = new ArrayList<>();
        for (HostTensor tensor : tensors) {
            buffers.addAll(tensor.buffers());
        }
        buffers.add(memory.slice(0, needed));
        return HostTensor.of(tensors[0].type(), buffers);
    }
}
