package org.jhorovod.allreduce.algorithm;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.Reduction;
import org.jhorovod.allreduce.spi.ReductionKernel;

/** Copies parts of tensors, and scales what is to be reduced on the way. For one thread. */
final class SpanCopy {
    private final ReductionKernel kernel;

    SpanCopy(ReductionKernel kernel) {
        this.kernel = kernel;
    }

    /** Copies a part of one tensor to a place in another. */
    static void copy(HostTensor from, Span part, HostTensor to, long byteOffset) {
        for (long done = 0; done < part.byteCount(); ) {
            ByteBuffer source = from.view(part.byteOffset() + done, part.byteCount() - done);
            ByteBuffer target = to.view(byteOffset + done, source.remaining());
            int bytes = target.remaining();
            target.put(0, source, 0, bytes);
            done += bytes;
        }
    }

    /** Copies elements that are to be reduced, multiplied by the factor if there is one. */
    void copy(HostTensor from, Span part, HostTensor to, long byteOffset, Reduction reduction) {
        copy(from, part, to, byteOffset);
        for (long done = 0; reduction.isPrescaled() && done < part.byteCount(); ) {
            ByteBuffer piece = to.view(byteOffset + done, part.byteCount() - done);
            done += piece.remaining();
            scale(to, piece, reduction);
        }
    }

    /** Multiplies elements of a tensor's type by the factor, if there is one. */
    void scale(HostTensor tensor, ByteBuffer elements, Reduction reduction) {
        if (reduction.isPrescaled()) {
            kernel.scale(tensor.type(), elements, reduction.prescale().getAsDouble());
        }
    }
}
