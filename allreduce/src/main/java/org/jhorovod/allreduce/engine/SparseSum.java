package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jhorovod.allreduce.backend.host.JavaReductionKernel;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.SparseRows;
import org.jhorovod.allreduce.spi.ReductionKernel;

/**
 * Makes one row of all that have the same index: in the order of the indices, each summed in the
 * order of its rows. For one thread.
 */
final class SparseSum {
    private static final int ZEROS = 1 << 14;

    private final ReductionKernel kernel = new JavaReductionKernel();
    private final HostTensor values;
    private final long rowBytes;
    private final long[] keys; // of each row
    private final int divisor;
    private final ByteBuffer zeros;

    /**
     * Of some rows.
     *
     * @param rows fewer than 2 to the 31
     * @param divisor of the sums
     */
    SparseSum(SparseRows rows, int divisor) {
        this.values = rows.values();
        this.rowBytes = values.shape().rowElementCount() * values.type().byteCount();
        this.keys = read(rows.indices());
        this.divisor = divisor;
        this.zeros =
                ByteBuffer.allocateDirect((int) Math.min(rowBytes, ZEROS))
                        .order(ByteOrder.nativeOrder());
    }

    private static long[] read(HostTensor indices) {
        long[] keys = new long[Math.toIntExact(indices.elementCount())];
        int count = 0;
        for (ByteBuffer buffer : indices.buffers()) {
            while (buffer.hasRemaining()) {
                keys[count] = indices.type() == DataType.INT32 ? buffer.getInt() : buffer.getLong();
                count++;
            }
        }
        return keys;
    }

    /** The sums, in new tensors; the indices of the given type. */
    SparseRows rows(DataType indexType) {
        long[] unique = unique();
        int[] sumOf = new int[keys.length];
        int[] first = new int[unique.length + 1]; // of each sum's rows among all
        for (int row = 0; row < keys.length; row++) {
            sumOf[row] = Arrays.binarySearch(unique, keys[row]);
            first[sumOf[row] + 1]++;
        }
        Arrays.parallelPrefix(first, Integer::sum);
        int[] rows = rows(sumOf, first);
        long perRow = values.shape().rowElementCount();
        HostTensor sums = HostTensor.allocate(values.type(), unique.length * perRow);
        for (int i = 0; i < unique.length; i++) {
            sum(Arrays.copyOfRange(rows, first[i], first[i + 1]), sums, i * rowBytes);
        }
        return new SparseRows(
                indices(indexType, unique), sums.reshape(values.shape().withRows(unique.length)));
    }

    /** All rows, those of one sum together, in their order. */
    private static int[] rows(int[] sumOf, int[] first) {
        int[] next = first.clone();
        int[] rows = new int[sumOf.length];
        for (int row = 0; row < rows.length; row++) {
            rows[next[sumOf[row]]] = row;
            next[sumOf[row]]++;
        }
        return rows;
    }

    /** Each key once, sorted. */
    private long[] unique() {
        long[] sorted = keys.clone();
        Arrays.sort(sorted);
        int count = 0;
        for (long key : sorted) {
            if (count == 0 || sorted[count - 1] != key) {
                sorted[count] = key;
                count++;
            }
        }
        return Arrays.copyOf(sorted, count);
    }

    private static HostTensor indices(DataType type, long[] unique) {
        HostTensor indices = HostTensor.allocate(type, unique.length);
        int count = 0;
        for (ByteBuffer buffer : indices.buffers()) {
            while (buffer.hasRemaining()) {
                if (type == DataType.INT32) {
                    buffer.putInt((int) unique[count]);
                } else {
                    buffer.putLong(unique[count]);
                }
                count++;
            }
        }
        return indices;
    }

    private void sum(int[] rows, HostTensor sums, long place) {
        for (long done = 0; done < rowBytes; ) {
            long most = Math.min(zeros.capacity(), rowBytes - done);
            ByteBuffer target = sums.view(place + done, most);
            List<ByteBuffer> inputs = new ArrayList<>(rows.length + 1);
            inputs.add(zeros.duplicate().order(ByteOrder.nativeOrder())); // the kernel takes two
            int bytes = target.remaining();
            for (int row : rows) {
                ByteBuffer input = values.view(row * rowBytes + done, bytes);
                bytes = input.remaining();
                inputs.add(input);
            }
            for (ByteBuffer input : inputs) {
                input.limit(bytes);
            }
            target.limit(bytes);
            ReduceOp op = divisor == 1 ? ReduceOp.SUM : ReduceOp.AVERAGE;
            kernel.reduce(values.type(), op, inputs, List.of(target), divisor);
            done += bytes;
        }
    }
}
