package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [Where a gradient lies]
 * libtorch keeps a tensor's gradient behind one pointer, and adds to what lies there: backward
 * accumulates into the memory of whatever tensor that is. DJL has no way to say which. But its handle
 * of an array is the address of a tensor, whose one word points to the implementation, and libtorch
 * exports the function that finds the word of an implementation's gradient. Two such words, of one
 * type and each owning what it points to, can be exchanged.
 */
/**
 * Gives parameters gradients in memory of our choice. Whether this version of libtorch can be
 * reached that way is tried out once, on an array of two elements.
 */
final class NativeGradients {
    private static final Logger logger = LoggerFactory.getLogger(NativeGradients.class);
    static final String LIBRARY = "libc10.so";
    static final String MUTABLE_GRADIENT = "_ZN3c1010TensorImpl12mutable_gradEv";

    private static final Object LOCK = new Object();
    // Guarded by LOCK.
    private static boolean isTriedOut;
    private static Optional<NativeGradients> found = Optional.empty();

    private final Function mutableGradient;

    private NativeGradients(Function mutableGradient) {
        this.mutableGradient = mutableGradient;
    }

    /**
     * The way to the gradients of parameters that lie on the host; empty where there is none, which
     * is told once.
     */
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
        synchronized (LOCK) {
            if (!isTriedOut) {
                found = tryOut(engine);
                isTriedOut = true;
            }
            return found;
        }
    }

    private static Optional<NativeGradients> tryOut(Engine engine) {
        try {
            NativeGradients gradients = load();
            if (gradients.works(engine)) {
                return Optional.of(gradients);
            }
            logger.warn(
                    "Gradients are copied for each step: this version of libtorch does not add to"
                            + " a gradient where it lies. Use the DJL version that JHorovod was"
                            + " built for.");
        } catch (UnsatisfiedLinkError | RuntimeException e) {
            logger.warn(
                    "Gradients are copied for each step: libtorch cannot be reached ({}). Use the"
                            + " DJL version that JHorovod was built for.",
                    e.toString());
        }
        return Optional.empty();
    }

    static NativeGradients load() {
        Path library = Path.of(LibUtils.getLibtorchPath(), LIBRARY);
        NativeLibrary c10 = NativeLibrary.getInstance(library.toString());
        return new NativeGradients(c10.getFunction(MUTABLE_GRADIENT));
    }

    /** Whether backward adds to memory that was made an array's gradient. */
    private boolean works(Engine engine) {
        ByteBuffer memory =
                ByteBuffer.allocateDirect(2 * Float.BYTES).order(ByteOrder.nativeOrder());
        boolean wasRecording = JniUtils.isGradMode();
        try (NDManager manager = engine.newBaseManager(Device.cpu())) {
            NDArray array = manager.ones(new Shape(2));
            array.setRequiresGradient(true);
            NDArray gradient = manager.create(memory, new Shape(2), DataType.FLOAT32);
            exchange(array, gradient);
            gradient.close();
            // Without a gradient collector, as one may be open.
            JniUtils.setGradMode(true);
            NDArray sum = array.mul(3).sum();
            JniUtils.backward((PtNDArray) sum, (PtNDArray) sum.onesLike(), false, false);
            return memory.getFloat(0) == 3 && memory.getFloat(Float.BYTES) == 3;
        } finally {
            JniUtils.setGradMode(wasRecording);
        }
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
