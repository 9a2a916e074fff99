package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;

/*
 * Note [The last products of a lone rank]
 * With one rank NCCL multiplies by a kernel that shares the elements out among blocks: one for each
 * 16 KiB begun, 32 at most. Before 2.29.7 a share was rounded down, so that up to 31 elements at the
 * end could stay as they were. Units of 16 KiB can be shared out without a rest, and what is less
 * than one is a single block's; so the two are multiplied one after the other.
 */
/**
 * NCCL's sum of elements that each rank multiplies by a factor of its own, as a reduction that is
 * made for one collective.
 *
 * @param type of the elements, and of the factor as NCCL takes it
 * @param factor this rank's
 */
record PrescaledSum(DataType type, double factor) {
    private static final int LONE_RANKS_BLOCK_BYTES = 16 << 10;

    /** A collective of NCCL that reduces; returns its result. */
    interface Launch {
        int with(int reduction);
    }

    /** For a sum or an average over some ranks: an average is a sum of inputs times 1/n. */
    static PrescaledSum of(DataType type, ReduceOp op, double prescale, int size) {
        return new PrescaledSum(type, op == ReduceOp.AVERAGE ? prescale / size : prescale);
    }

    /**
     * Makes the reduction, launches a collective with it, and lets it go: NCCL has read it once the
     * call returns.
     *
     * @param communicator on which no call is in progress
     * @return the result of the first call that failed, or that of the launch
     */
    int launch(ncclComm communicator, Launch collective) {
        int[] reduction = new int[1];
        int created =
                nccl.ncclRedOpCreatePreMulSum(
                        reduction,
                        new Pointer(scalar()),
                        NcclNumbers.of(type),
                        nccl.ncclScalarHostImmediate,
                        communicator);
        if (created != nccl.ncclSuccess) {
            return created;
        }
        int launched = collective.with(reduction[0]);
        int destroyed = nccl.ncclRedOpDestroy(reduction[0], communicator);
        return launched == nccl.ncclSuccess ? destroyed : launched;
    }

    /**
     * What to reduce one after the other: the tensor; or that of a lone rank in two parts, see Note
     * [The last products of a lone rank].
     */
    List<DeviceTensor> parts(DeviceTensor tensor, int size) {
        long rest = tensor.elementCount() % (LONE_RANKS_BLOCK_BYTES / type.byteCount());
        long most = tensor.elementCount() - rest;
        if (size > 1 || rest == 0 || most == 0) {
            return List.of(tensor);
        }
        return List.of(part(tensor, 0, most), part(tensor, most, rest));
    }

    private static DeviceTensor part(DeviceTensor whole, long first, long count) {
        return new DeviceTensor(
                whole.type(),
                count,
                whole.device(),
                whole.address() + first * whole.type().byteCount(),
                whole.stream());
    }

    /** The factor as an element. */
    ByteBuffer scalar() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Double.BYTES).order(ByteOrder.nativeOrder());
        switch (type) {
            case FLOAT32 -> bytes.putFloat(0, (float) factor);
            case FLOAT64 -> bytes.putDouble(0, factor);
            case FLOAT16, BFLOAT16 -> {
                short[] encoded = new short[1];
                HalfPrecision.encode(type, new float[] {(float) factor}, encoded, 1);
                bytes.putShort(0, encoded[0]);
            }
            default -> throw new IllegalArgumentException("bug: a prescale of " + type);
        }
        return bytes;
    }
}
