package org.jhorovod.allreduce.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.NamedCommunicator;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.TensorShape;
import org.jhorovod.allreduce.conformance.ConformanceCase.Scope;

/** Tensors for cases by name, and what is asked after an error. */
final class NamedValues {
    static final Duration LONG = Duration.ofSeconds(60);

    private NamedValues() {}

    /** A case that goes on after itself. */
    static ConformanceCase of(String name, Consumer<NamedCommunicator> program) {
        return new ConformanceCase(name, Scope.SHARED, LONG, p -> program.accept(p.named()));
    }

    /** A tensor of one value, which every type has. */
    static HostTensor filled(DataType type, TensorShape shape, int value) {
        HostTensor tensor = HostTensor.allocate(type, shape.elementCount());
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                switch (type) {
                    case FLOAT32 -> buffer.putFloat(value);
                    case FLOAT64 -> buffer.putDouble(value);
                    case FLOAT16, BFLOAT16 -> buffer.putShort(half(type, value));
                    case INT32 -> buffer.putInt(value);
                    case INT64 -> buffer.putLong(value);
                    case INT8, UINT8, BOOL -> buffer.put((byte) value);
                }
            }
        }
        return tensor.reshape(shape);
    }

    /** Small whole numbers have few bits. */
    private static short half(DataType type, int value) {
        if (value == 0) {
            return 0;
        }
        if (value < 0) {
            return (short) (half(type, -value) | Short.MIN_VALUE);
        }
        int exponent = 31 - Integer.numberOfLeadingZeros(value);
        int bits = type == DataType.FLOAT16 ? 10 : 7;
        int bias = type == DataType.FLOAT16 ? 15 : 127;
        int mantissa = (value << bits >> exponent) & ((1 << bits) - 1);
        return (short) ((exponent + bias) << bits | mantissa);
    }

    /** The elements, in their order. */
    static List<Double> values(HostTensor tensor) {
        List<Double> values = new ArrayList<>();
        for (ByteBuffer buffer : tensor.buffers()) {
            while (buffer.hasRemaining()) {
                values.add(next(tensor.type(), buffer));
            }
        }
        return values;
    }

    private static double next(DataType type, ByteBuffer buffer) {
        return switch (type) {
            case FLOAT32 -> buffer.getFloat();
            case FLOAT64 -> buffer.getDouble();
            case FLOAT16 -> ofHalf(buffer.getShort(), 10, 15);
            case BFLOAT16 -> ofHalf(buffer.getShort(), 7, 127);
            case INT32 -> buffer.getInt();
            case INT64 -> buffer.getLong();
            case INT8, UINT8, BOOL -> buffer.get();
        };
    }

    private static double ofHalf(short half, int bits, int bias) {
        int exponent = (half >> bits) - bias;
        return half == 0
                ? 0
                : (1 + (half & ((1 << bits) - 1)) / (double) (1 << bits)) * Math.pow(2, exponent);
    }

    /** The numbers below, in some order. */
    static List<Integer> shuffled(int count, Random random) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add(i);
        }
        Collections.shuffle(numbers, random);
        return numbers;
    }

    /** The same error on every rank, after which a barrier and an all-reduce work. */
    static void requireError(
            NamedCommunicator c, Supplier<CompletableFuture<?>> submission, String... words) {
        if (c.size() == 1) {
            return; // who is alone agrees
        }
        CompletableFuture<?> future = submission.get();
        assertThatThrownBy(() -> c.await(future))
                .isInstanceOf(MismatchException.class)
                .hasMessageContainingAll(words);
        c.barrier("after the error");
        HostTensor tensor = filled(DataType.INT32, TensorShape.of(2), 1);
        c.allReduce("after the error too", tensor, ReduceOp.SUM);
        assertThat(values(tensor)).containsOnly((double) c.size());
    }
}
