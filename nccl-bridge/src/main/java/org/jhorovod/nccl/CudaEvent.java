package org.jhorovod.nccl;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.global.cudart;

/** A point in a stream's work. May be recorded again; who waits for it then waits for the last. */
final class CudaEvent implements AutoCloseable {
    private final CUevent_st handle;

    private CudaEvent(CUevent_st handle) {
        this.handle = handle;
    }

    /** An event without a time, which costs nearly nothing. */
    static CudaEvent create() {
        CUevent_st handle = new CUevent_st();
        CudaException.check(
                cudart.cudaEventCreateWithFlags(handle, cudart.cudaEventDisableTiming),
                "cudaEventCreateWithFlags");
        return new CudaEvent(handle);
    }

    /** For the bindings. */
    CUevent_st handle() {
        return handle;
    }

    /** Makes it the point behind all work that the stream has now. */
    void record(CudaStream stream) {
        CudaException.check(cudart.cudaEventRecord(handle, stream.handle()), "cudaEventRecord");
    }

    /** Whether the stream has come to it; does not wait. */
    boolean hasPassed() {
        int result = cudart.cudaEventQuery(handle);
        if (result == cudart.cudaErrorNotReady) {
            return false;
        }
        CudaException.check(result, "cudaEventQuery");
        return true;
    }

    @Override
    public void close() {
        CudaException.check(cudart.cudaEventDestroy(handle), "cudaEventDestroy");
    }
}
