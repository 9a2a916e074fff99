package org.jhorovod.allreduce;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * A rank that adds bytes of which there may be more than a buffer holds, checks each, and prints a
 * digest of them all.
 */
final class HugeTensorRank {
    private static final int CHECKED_BYTES = 1 << 20;

    private HugeTensorRank() {}

    /**
     * Runs the rank.
     *
     * @param arguments how many elements, and how many bytes a buffer holds at most
     */
    public static void main(String[] arguments) {
        HostTensor tensor = allocate(Long.parseLong(arguments[0]), Integer.parseInt(arguments[1]));
        Communicator communicator = JHorovod.init().planned();
        long index = 0;
        for (ByteBuffer buffer : tensor.buffers()) {
            for (int i = 0; i < buffer.limit(); i++) {
                buffer.put(i, element(communicator.rank(), index));
                index++;
            }
        }
        communicator.allReduce("huge", tensor, ReduceOp.SUM);
        check(tensor, communicator.size());
        System.out.println("DIGEST " + digest(tensor));
        JHorovod.shutdown();
    }

    private static HostTensor allocate(long elementCount, int bufferBytes) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (long left = elementCount; left > 0; left -= bufferBytes) {
            buffers.add(ByteBuffer.allocateDirect((int) Math.min(left, bufferBytes)));
        }
        return HostTensor.of(DataType.INT8, buffers);
    }

    /** Differs between neighbours, between pages, and from one 2 GiB to the next. */
    private static byte element(int rank, long index) {
        return (byte) (31 * index + (index >>> 12) + 7 * (index >>> 31) + 50L * rank);
    }

    private static void check(HostTensor tensor, int size) {
        for (long start = 0; start < tensor.elementCount(); ) {
            ByteBuffer view = tensor.view(start, CHECKED_BYTES);
            for (int i = 0; i < view.limit(); i++) {
                byte expected = 0;
                for (int rank = 0; rank < size; rank++) {
                    expected += element(rank, start + i);
                }
                if (view.get(i) != expected) {
                    throw new AssertionError(
                            "element %d is %d, expected %d"
                                    .formatted(start + i, view.get(i), expected));
                }
            }
            start += view.limit();
        }
    }

    private static String digest(HostTensor tensor) {
        Hasher hasher = Hashing.sha256().newHasher();
        tensor.buffers().forEach(hasher::putBytes);
        return hasher.hash().toString();
    }
}
