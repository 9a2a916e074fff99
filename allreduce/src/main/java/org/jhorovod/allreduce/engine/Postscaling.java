package org.jhorovod.allreduce.engine;

import java.nio.ByteBuffer;
import org.jhorovod.allreduce.backend.host.JavaReductionKernel;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.spi.ReductionKernel;

/**
 * Multiplies what has been reduced by a factor, in the same way for every backend. For one thread.
 */
final class Postscaling {
    private final ReductionKernel kernel = new JavaReductionKernel();

    /**
     * Multiplies all elements in place; integers as {@link
     * org.jhorovod.allreduce.collective.Reduction} says.
     *
     * @param factor 1 for nothing
     */
    void apply(HostTensor tensor, double factor) {
        if (factor == 1) {
            return;
        }
        for (ByteBuffer buffer : tensor.buffers()) {
            if (tensor.type().isFloatingPoint()) {
                kernel.scale(tensor.type(), buffer, factor);
            } else {
                scaleIntegers(tensor.type(), buffer, factor);
            }
        }
    }

    /** A cast to int or long rounds towards zero, and stays within its type. */
    private static void scaleIntegers(DataType type, ByteBuffer all, double factor) {
        for (int i = 0; i < all.limit(); i += type.byteCount()) {
            switch (type) {
                case INT32 -> all.putInt(i, (int) (all.getInt(i) * factor));
                case INT64 -> all.putLong(i, (long) (all.getLong(i) * factor));
                case INT8 -> {
                    int product = (int) (all.get(i) * factor);
                    all.put(i, (byte) Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, product)));
                }
                case UINT8 -> {
                    int product = (int) ((all.get(i) & 0xff) * factor);
                    all.put(i, (byte) Math.max(0, Math.min(0xff, product)));
                }
                default -> throw new IllegalStateException("bug: a postscale of " + type);
            }
        }
    }
}
