package org.jhorovod.nccl;

import org.bytedeco.cuda.global.nccl;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.ReduceOp;

/** NCCL's numbers for our types and reductions. */
final class NcclNumbers {

    private NcclNumbers() {}

    static int of(DataType type) {
        return switch (type) {
            case FLOAT32 -> nccl.ncclFloat32;
            case FLOAT64 -> nccl.ncclFloat64;
            case INT32 -> nccl.ncclInt32;
            case INT64 -> nccl.ncclInt64;
            case FLOAT16 -> nccl.ncclFloat16;
            case BFLOAT16 -> nccl.ncclBfloat16;
            case INT8 -> nccl.ncclInt8;
            // Truth values are the bytes 0 and 1, whose minimum and maximum are "all" and "any".
            case UINT8, BOOL -> nccl.ncclUint8;
        };
    }

    static int of(ReduceOp op) {
        return switch (op) {
            case SUM -> nccl.ncclSum;
            case AVERAGE -> nccl.ncclAvg;
            case MIN -> nccl.ncclMin;
            case MAX -> nccl.ncclMax;
            case PRODUCT -> nccl.ncclProd;
            case ADASUM -> throw new IllegalArgumentException("bug: NCCL has no " + op);
        };
    }
}
