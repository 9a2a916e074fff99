package org.jhorovod.nccl;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/** A CUDA stream: one of our own, or the caller's. Its device must be the thread's current one. */
final class CudaStream implements AutoCloseable {
    // Null is the default stream.
    private final @Nullable CUstream_st handle;

    private CudaStream(@Nullable CUstream_st handle) {
        this.handle = handle;
    }

    /** A new stream, which the default stream does not wait for, nor the other way round. */
    static CudaStream create() {
        CUstream_st handle = new CUstream_st();
        CudaException.check(
                cudart.cudaStreamCreateWithFlags(handle, cudart.cudaStreamNonBlocking),
                "cudaStreamCreateWithFlags");
        return new CudaStream(handle);
    }

    /** The stream behind a handle, which stays its owner's; 0 is the default stream. */
    static CudaStream of(long handle) {
        return new CudaStream(handle == 0 ? null : new Handle(handle));
    }

    /** For the bindings. */
    @Nullable CUstream_st handle() {
        return handle;
    }

    /** Lets all work that is added from now on wait for the event; the host does not. */
    void await(CudaEvent event) {
        CudaException.check(
                cudart.cudaStreamWaitEvent(handle, event.handle(), 0), "cudaStreamWaitEvent");
    }

    /** Gives back a stream of our own; what is still in it runs on. */
    @Override
    public void close() {
        if (handle != null) {
            CudaException.check(cudart.cudaStreamDestroy(handle), "cudaStreamDestroy");
        }
    }

    private static final class Handle extends CUstream_st {
        Handle(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}
