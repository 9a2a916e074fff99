package org.jhorovod.allreduce.collective;

import java.nio.ByteBuffer;

/**
 * Some rows of a larger tensor, such as the gradient of an embedding: all others are 0. An index
 * may come several times, which means the sum of its rows.
 *
 * <pre>{@code
 * SparseRows gradient = new SparseRows(indices, values); // INT64[3] and FLOAT32[3, 128]
 * }</pre>
 *
 * @param indices of the rows, INT32 or INT64, one dimension, each 0 or more
 * @param values as many rows in the first dimension
 */
public record SparseRows(HostTensor indices, HostTensor values) {

    /**
     * Checks the tensors; reads all indices.
     *
     * @throws IllegalArgumentException if the indices are of another type or shape, are not as many
     *     as the rows, or one is negative
     */
    public SparseRows {
        if (indices.type() != DataType.INT32 && indices.type() != DataType.INT64) {
            throw new IllegalArgumentException(
                    "The indices of rows are INT32 or INT64, not %s. Convert them."
                            .formatted(indices));
        }
        if (indices.shape().dimensions().size() != 1
                || values.shape().dimensions().isEmpty()
                || indices.elementCount() != values.shape().rows()) {
            throw new IllegalArgumentException(
                    "There is one index for each row, but the indices are %s and the values %s."
                            .formatted(indices, values));
        }
        requireNoneNegative(indices);
    }

    private static void requireNoneNegative(HostTensor indices) {
        for (ByteBuffer buffer : indices.buffers()) {
            while (buffer.hasRemaining()) {
                long index = indices.type() == DataType.INT32 ? buffer.getInt() : buffer.getLong();
                if (index < 0) {
                    throw new IllegalArgumentException(
                            "A row cannot have the index %d. Count rows from 0.".formatted(index));
                }
            }
        }
    }

    /** How many rows there are. */
    public long rowCount() {
        return indices.elementCount();
    }
}
