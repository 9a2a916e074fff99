package org.jhorovod.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/*
 * Note [Where a gradient lies]
 * libtorch keeps a tensor's gradient behind one pointer, and adds to what lies there: backward
 * accumulates into the memory of whatever tensor that is. DJL has no way to say which. But its handle
 * of an array is the address of a tensor, whose one word points to the implementation, and libtorch
 * exports the function that finds the word of an implementation's gradient. Two such words, of one
 * type and each owning what it points to, can be exchanged.
 */
/** Gives parameters gradients in memory of our choice. */
final class NativeGradients {
    private static final LibtorchFunction<NativeGradients> FUNCTION =
            new LibtorchFunction<>(
                    new LibtorchFunction.Place(
                            "libc10.so",
                            "TensorImpl::mutable_grad",
                            "_ZN3c1010TensorImpl12mutable_gradEv"),
                    NativeGradients::new,
                    NativeGradients::works,
                    "Gradients are copied for each step");

    private final Function mutableGradient;

    private NativeGradients(Function mutableGradient) {
        this.mutableGradient = mutableGradient;
    }

    /** The way to the gradients of parameters that lie on the host; empty where there is none. */
    static Optional<NativeGradients> find(List<NamedParameter> parameters) {
        boolean areOnHost =
                !parameters.isEmpty()
                        && parameters.stream().noneMatch(p -> p.array().getDevice().isGpu());
        return areOnHost
                ? find(parameters.get(0).array().getManager().getEngine())
                : Optional.empty();
    }

    /** The same, for any arrays on the host. */
    static Optional<NativeGradients> find(Engine engine) {
        return FUNCTION.find(engine);
    }

    /** Whether backward adds to memory that was made an array's gradient. */
    private boolean works(NDArray array) {
        ByteBuffer memory =
                ByteBuffer.allocateDirect(2 * Float.BYTES).order(ByteOrder.nativeOrder());
        NDArray gradient = array.getManager().create(memory, new Shape(2), DataType.FLOAT32);
        exchange(array, gradient);
        gradient.close();
        LibtorchFunction.backward(array.mul(3).sum());
        return memory.getFloat(0) == 3 && memory.getFloat(Float.BYTES) == 3;
    }

    /**
     * Makes {@code tensor} the gradient of an array, and the array's former gradient, or none, what
     * {@code tensor} holds; that may only be closed then.
     *
     * @param tensor of the array's shape and type, on its device
     */
    void exchange(NDArray array, NDArray tensor) {
        Pointer gradient = gradientOf(array);
        Pointer handle = handle(tensor);
        long former = gradient.getLong(0);
        gradient.setLong(0, handle.getLong(0));
        handle.setLong(0, former);
    }

    /** Whether two arrays are the same tensor: {@code tensor} and the gradient of {@code array}. */
    boolean isGradient(NDArray array, NDArray tensor) {
        return gradientOf(array).getLong(0) == handle(tensor).getLong(0);
    }

    private Pointer gradientOf(NDArray array) {
        Pointer implementation = handle(array).getPointer(0);
        return mutableGradient.invokePointer(new Object[] {implementation});
    }

    private static Pointer handle(NDArray array) {
        return new Pointer(((PtNDArray) array).getHandle());
    }
}
