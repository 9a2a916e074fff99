package org.jhorovod.nccl;

import org.bytedeco.cuda.global.nccl;

/** A call of NCCL failed; what that means for the job is the caller's to say. */
final class NcclException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int result;

    private NcclException(int result, String message) {
        super(message);
        this.result = result;
    }

    /** NCCL's number for what went wrong. */
    int result() {
        return result;
    }

    /** Throws unless the call succeeded, or goes on by itself. */
    static void check(int result, String call) {
        if (result != nccl.ncclSuccess && result != nccl.ncclInProgress) {
            throw new NcclException(result, "%s failed: %s".formatted(call, describe(result)));
        }
    }

    /** A result of a call, in NCCL's words. */
    static String describe(int result) {
        return "%s (NCCL result %d)".formatted(nccl.ncclGetErrorString(result).getString(), result);
    }
}
