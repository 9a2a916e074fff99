package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
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

    private DeviceAddress() {}

    /**
     * The address of the first element.
     *
     * @param array contiguous, at most 2^31-1 bytes
     * @throws IllegalStateException if this version of DJL has no such method
     */
    static long of(NDArray array) {
        try {
            Class<?> library = Class.forName(LIBRARY);
            Method method = library.getDeclaredMethod(METHOD, long.class);
            method.setAccessible(true);
            Object instance = DjlField.of(library, INSTANCE).get(null);
            Object buffer = method.invoke(instance, ((PtNDArray) array).getHandle());
            return Pointer.nativeValue(Native.getDirectBufferPointer((ByteBuffer) buffer));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "DJL's %s has no method %s. Use the DJL version that JHorovod was built for, or JHOROVOD_BACKEND=host."
                            .formatted(LIBRARY, METHOD),
                    e);
        }
    }
}
