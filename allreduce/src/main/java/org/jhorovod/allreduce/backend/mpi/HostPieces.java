package org.jhorovod.allreduce.backend.mpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jhorovod.allreduce.collective.HostTensor;

/** Cuts tensors into pieces that one call of MPI can take, at the same elements on all ranks. */
final class HostPieces {
    // MPI counts in 31 bits, and Open MPI's sums of bytes are not all wider.
    static final int LARGEST = 1 << 30;

    /** Pieces of tensors that lie in several buffers on some rank: copied where one is cut. */
    static final int STAGED = 4 << 20;

    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGED);

    /** Works on one piece in place. */
    interface Work {
        void on(ByteBuffer elements) throws MpiException;
    }

    static boolean isInPieces(HostTensor tensor) {
        return tensor.buffers().size() > 1;
    }

    /** Goes through a tensor, in large pieces where every rank's lies in one buffer. */
    void forEach(HostTensor tensor, boolean isInPieces, Work work) throws MpiException {
        forEach(tensor, isInPieces ? STAGED : LARGEST, work);
    }

    /**
     * Goes through a tensor.
     *
     * @param pieceBytes the size of all pieces but the last; above {@link #STAGED} only if the
     *     tensor lies in one buffer
     */
    void forEach(HostTensor tensor, int pieceBytes, Work work) throws MpiException {
        long left = tensor.byteCount();
        for (long offset = 0; left > 0; ) {
            int bytes = (int) Math.min(left, pieceBytes);
            ByteBuffer direct = tensor.view(offset, bytes);
            if (direct.remaining() == bytes) {
                work.on(direct);
            } else {
                ByteBuffer copy = staging.slice(0, bytes).order(ByteOrder.nativeOrder());
                read(tensor, offset, copy);
                work.on(copy);
                write(copy, tensor, offset);
            }
            offset += bytes;
            left -= bytes;
        }
    }

    /** Fills a buffer from a tensor. */
    static void read(HostTensor tensor, long byteOffset, ByteBuffer to) {
        int bytes = to.capacity();
        for (int done = 0; done < bytes; ) {
            ByteBuffer view = tensor.view(byteOffset + done, bytes - done);
            int count = view.remaining();
            to.put(done, view, 0, count);
            done += count;
        }
    }

    /** Puts a whole buffer into a tensor. */
    static void write(ByteBuffer from, HostTensor tensor, long byteOffset) {
        int bytes = from.capacity();
        for (int done = 0; done < bytes; ) {
            ByteBuffer view = tensor.view(byteOffset + done, bytes - done);
            int count = view.remaining();
            view.put(0, from, done, count);
            done += count;
        }
    }
}
