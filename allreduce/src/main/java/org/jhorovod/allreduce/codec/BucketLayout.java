package org.jhorovod.allreduce.codec;

import java.util.Arrays;
import java.util.List;

/**
 * What lies one after another in a bucket. PowerSGD needs to know; the others only count.
 *
 * @param parts in the order of their elements
 */
public record BucketLayout(List<Part> parts) {

    /**
     * A matrix in row-major order; a vector has one column.
     *
     * @param rows not negative
     * @param columns not negative
     */
    public record Part(int rows, int columns) {

        /** Checks the numbers. */
        public Part {
            if (rows < 0 || columns < 0) {
                throw new IllegalArgumentException(
                        "A part of a bucket has %d rows and %d columns; neither can be negative."
                                .formatted(rows, columns));
            }
            Math.multiplyExact(rows, columns);
        }

        /**
         * A parameter as a matrix: the first dimension is the rows, all others together are the
         * columns, so that the weight (o, i, h, w) of a convolution is o x (i*h*w).
         */
        public static Part ofShape(long... shape) {
            long rows = shape.length == 0 ? 1 : shape[0];
            long columns = 1;
            for (int i = 1; i < shape.length; i++) {
                columns = Math.multiplyExact(columns, shape[i]);
            }
            return new Part(Math.toIntExact(rows), Math.toIntExact(columns));
        }

        int elementCount() {
            return rows * columns;
        }
    }

    /** Checks that a buffer can hold the elements. */
    public BucketLayout {
        parts = List.copyOf(parts);
        long elementCount = parts.stream().mapToLong(Part::elementCount).sum();
        if (elementCount > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException(
                    "A bucket of %d elements is larger than a buffer can be. Use smaller buckets."
                            .formatted(elementCount));
        }
    }

    /** The layout of parameters of these shapes. */
    public static BucketLayout ofShapes(long[]... shapes) {
        return new BucketLayout(Arrays.stream(shapes).map(Part::ofShape).toList());
    }

    /** The elements of all parts. */
    public int elementCount() {
        return parts.stream().mapToInt(Part::elementCount).sum();
    }
}
