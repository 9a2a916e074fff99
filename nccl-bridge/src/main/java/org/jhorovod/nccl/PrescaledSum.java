package org.jhorovod.nccl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.javacpp.Pointer;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HalfPrecision;
import org.jhorovod.allreduce.collective.ReduceOp;

/**
 * NCCL's sum of elements that each rank multiplies by a factor of its own, as a reduction that is
 * made for one collective.
 *
 * @param type of the elements, and of the factor as NCCL takes it
 * @param factor this rank's
 */
record PrescaledSum(DataType type, double factor) {

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
