package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Note [A hook made of bytes]
 * DJL has no hooks, but libtorch exports the function that sets a tensor's post-accumulate-gradient
 * hook: it takes the tensor, and a unique_ptr to an object of an abstract C++ class. Such an object is
 * a pointer to a table of functions and fields of its own, here a number. The table, as the ABI of
 * C++ on Linux has it:
 *
 *   word 0, 1   offset to the top, type information: none
 *   word 2, 3   destructor, and destructor that frees: called when the tensor drops the hook, which
 *               lets the number's listener go
 *   word 4      the hook, called with the tensor once backward has added to its gradient
 *   word 5, 6   for compiled graphs: never called here
 *
 * Memory and callbacks are held for as long as libtorch may use them. Whether all that holds in the
 * libtorch at hand is tried out once, on an array of two elements.
 */
/** Tells when backward has added to a parameter's gradient. */
final class GradientHooks {
    private static final Logger logger = LoggerFactory.getLogger(GradientHooks.class);
    static final String LIBRARY = "libtorch_cpu.so";
    static final String SET_HOOK =
            "_ZN5torch8autograd4impl23set_post_acc_grad_hooksERKN2at10TensorBaseESt10unique_ptrINS0_"
                + "22PostAccumulateGradHookESt14default_deleteIS7_EE";

    private static final int WORD = Native.POINTER_SIZE;
    private static final int TABLE_WORDS = 7;
    private static final int FIRST_FUNCTION = 2;
    private static final int NUMBER_PLACE = WORD;

    private static final Object LOCK = new Object();
    // Guarded by LOCK.
    private static boolean isTriedOut;
    private static Optional<GradientHooks> found = Optional.empty();

    @SuppressWarnings("UnusedMethod") // called from outside
    private interface OnTensor extends Callback {
        void invoke(Pointer self, Pointer tensor);
    }

    @SuppressWarnings("UnusedMethod") // called from outside
    private interface OnEnd extends Callback {
        void invoke(Pointer self);
    }

    /** Of one tensor: what it tells, and the memory that libtorch sees. */
    private record Hook(Runnable listener, Memory object) {}

    private final Function setHook;
    private final Memory table = new Memory((long) TABLE_WORDS * WORD);
    private final OnTensor onTensor = this::added;
    private final OnTensor onNothing = (self, argument) -> {};
    private final OnEnd onEnd = this::ended;
    private final Map<Long, Hook> hooks = new ConcurrentHashMap<>();
    private final AtomicLong lastNumber = new AtomicLong();

    private GradientHooks(Function setHook) {
        this.setHook = setHook;
        table.clear();
        Callback[] functions = {onEnd, onEnd, onTensor, onNothing, onNothing};
        for (int i = 0; i < functions.length; i++) {
            table.setPointer(
                    (long) (FIRST_FUNCTION + i) * WORD,
                    CallbackReference.getFunctionPointer(functions[i]));
        }
    }

    /** The hooks of libtorch; empty where they cannot be reached, which is told once. */
    static Optional<GradientHooks> find(Engine engine) {
        synchronized (LOCK) {
            if (!isTriedOut) {
                found = tryOut(engine);
                isTriedOut = true;
            }
            return found;
        }
    }

    private static Optional<GradientHooks> tryOut(Engine engine) {
        try {
            GradientHooks hooks = load();
            if (hooks.work(engine)) {
                return Optional.of(hooks);
            }
            logger.warn(
                    "Gradients are reduced after backward, not during it: this version of libtorch"
                            + " does not call its hooks as expected. Use the DJL version that"
                            + " JHorovod was built for.");
        } catch (UnsatisfiedLinkError | RuntimeException e) {
            logger.warn(
                    "Gradients are reduced after backward, not during it: the hooks of libtorch"
                            + " cannot be reached ({}). Use the DJL version that JHorovod was built"
                            + " for.",
                    e.toString());
        }
        return Optional.empty();
    }

    static GradientHooks load() {
        Path library = Path.of(LibUtils.getLibtorchPath(), LIBRARY);
        NativeLibrary torch = NativeLibrary.getInstance(library.toString());
        return new GradientHooks(torch.getFunction(SET_HOOK));
    }

    /** Whether a hook is called once per backward, when the gradient is there, and let go. */
    private boolean work(Engine engine) {
        AtomicInteger calls = new AtomicInteger();
        boolean wasRecording = JniUtils.isGradMode();
        try (NDManager manager = engine.newBaseManager(Device.cpu())) {
            NDArray array = manager.ones(new Shape(2));
            array.setRequiresGradient(true);
            set(array, calls::incrementAndGet);
            JniUtils.setGradMode(true);
            NDArray sum = array.mul(3).add(array).sum();
            JniUtils.backward((PtNDArray) sum, (PtNDArray) sum.onesLike(), false, false);
            boolean isCalled = calls.get() == 1;
            remove(array);
            return isCalled && hooks.isEmpty();
        } finally {
            JniUtils.setGradMode(wasRecording);
        }
    }

    /**
     * Has backward call the listener, on its own thread, each time it has added to an array's
     * gradient; replaces the listener that the array had. Kept until it is removed or the array is
     * gone.
     *
     * @param listener must not throw
     */
    void set(NDArray array, Runnable listener) {
        long number = lastNumber.incrementAndGet();
        Memory object = new Memory(2L * WORD);
        object.setPointer(0, table.share((long) FIRST_FUNCTION * WORD));
        object.setLong(NUMBER_PLACE, number);
        hooks.put(number, new Hook(listener, object));
        replace(array, object);
    }

    /** Removes an array's listener. */
    void remove(NDArray array) {
        replace(array, Pointer.NULL);
    }

    private void replace(NDArray array, Pointer object) {
        Memory owner = new Memory(WORD); // a unique_ptr
        owner.setPointer(0, object);
        Pointer tensor = new Pointer(((PtNDArray) array).getHandle());
        setHook.invokeVoid(new Object[] {tensor, owner});
    }

    private void added(Pointer self, Pointer tensor) {
        Hook hook = hooks.get(self.getLong(NUMBER_PLACE));
        if (hook != null) {
            hook.listener().run();
        }
    }

    private void ended(Pointer self) {
        hooks.remove(self.getLong(NUMBER_PLACE));
    }
}
