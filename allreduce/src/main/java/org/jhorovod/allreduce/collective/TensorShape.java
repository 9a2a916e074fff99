package org.jhorovod.allreduce.collective;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The dimensions of a tensor, the outermost first, as in DJL; none for a scalar.
 *
 * @param dimensions each 0 or more
 */
public record TensorShape(List<Long> dimensions) {
    /** The most dimensions that a tensor may have. */
    public static final int MAX_DIMENSIONS = 64;

    /**
     * Checks the dimensions.
     *
     * @throws IllegalArgumentException if one is less than 0, or there are too many
     */
    public TensorShape {
        dimensions = List.copyOf(dimensions);
        if (dimensions.size() > MAX_DIMENSIONS || dimensions.stream().anyMatch(d -> d < 0)) {
            throw new IllegalArgumentException(
                    "No tensor has the shape %s: there are at most %d dimensions, of 0 or more."
                            .formatted(dimensions, MAX_DIMENSIONS));
        }
    }

    /** A shape of the given dimensions. */
    public static TensorShape of(long... dimensions) {
        List<Long> boxed = new ArrayList<>(dimensions.length);
        for (long dimension : dimensions) {
            boxed.add(dimension);
        }
        return new TensorShape(boxed);
    }

    /** How many elements a tensor of this shape has; 1 for a scalar. */
    public long elementCount() {
        long count = 1;
        for (long dimension : dimensions) {
            count = Math.multiplyExact(count, dimension);
        }
        return count;
    }

    /** How many rows there are: the first dimension; 1 for a scalar. */
    public long rows() {
        return dimensions.isEmpty() ? 1 : dimensions.get(0);
    }

    /** The elements of a row; those of all dimensions but the first. */
    public long rowElementCount() {
        return dimensions.isEmpty() ? 1 : ofRow().elementCount();
    }

    /** The same with another first dimension. */
    public TensorShape withRows(long rows) {
        List<Long> other = new ArrayList<>(dimensions);
        other.set(0, rows);
        return new TensorShape(other);
    }

    /** The shape of a row, which is that of the tensor without its first dimension. */
    public TensorShape ofRow() {
        return new TensorShape(dimensions.subList(1, dimensions.size()));
    }

    /** The shape as users write it, such as {@code [3, 4]}. */
    @Override
    public String toString() {
        return dimensions.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }
}
