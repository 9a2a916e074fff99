package org.jhorovod.nccl;

import org.bytedeco.cuda.global.cudart;

/** A call of the CUDA runtime failed; what that means for the job is the caller's to say. */
final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private CudaException(String message) {
        super(message);
    }

    /** Throws unless the call returned success. */
    static void check(int result, String call) {
        if (result != cudart.cudaSuccess) {
            throw new CudaException("%s failed: %s".formatted(call, describe(result)));
        }
    }

    /** A result of a call, in CUDA's words. */
    static String describe(int result) {
        return "%s (CUDA error %d)"
                .formatted(cudart.cudaGetErrorString(result).getString(), result);
    }
}
