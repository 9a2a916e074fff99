package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;

/**
 * Where an array's elements lie, on whatever device. DJL has no public way: its JNI class wraps the
 * address in a buffer without asking for the device. The buffer is never read here.
 */
final class DeviceAddress {
    static final String LIBRARY = "ai.djl.pytorch.jni.PyTorchLibrary";
    static final String INSTANCE = "LIB";
    static final String METHOD = "torchDirectByteBuffer";
    static final String CONTIGUOUS = "torchIsContiguous";

    private DeviceAddress() {}

    /**
     * The address of the first element.
     *
     * @param array contiguous, at most 2^31-1 bytes
     * @throws IllegalStateException if this version of DJL has no such method
     */
    static long of(NDArray array) {
        Object buffer = call(METHOD, array);
        return Pointer.nativeValue(Native.getDirectBufferPointer((ByteBuffer) buffer));
    }

    /**
     * Whether the elements lie one after another in row order.
     *
     * @throws IllegalStateException if this version of DJL has no such method
     */
    static boolean isContiguous(NDArray array) {
        return (Boolean) call(CONTIGUOUS, array);
    }

    private static Object call(String name, NDArray array) {
        try {
            Class<?> library = Class.forName(LIBRARY);
            Method method = library.getDeclaredMethod(name, long.class);
            method.setAccessible(true);
            Object instance = DjlField.of(library, INSTANCE).get(null);
            return method.invoke(instance, ((PtNDArray) array).getHandle());
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(
                    "DJL's %s.%s failed: %s".formatted(LIBRARY, name, e.getCause()), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "DJL's %s has no method %s. Use the DJL version that JHorovod was built for."
                            .formatted(LIBRARY, name),
                    e);
        }
    }
}
