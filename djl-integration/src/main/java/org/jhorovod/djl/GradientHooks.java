package org.jhorovod.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

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
 * Memory and callbacks are held for as long as libtorch may use them.
 */
/** Tells when backward has added to a parameter's gradient. */
final class GradientHooks {
    private static final LibtorchFunction<GradientHooks> FUNCTION =
            new LibtorchFunction<>(
                    new LibtorchFunction.Place(
                            "libtorch_cpu.so",
                            "set_post_acc_grad_hooks",
                            "_ZN5torch8autograd4impl23set_post_acc_grad_hooksERKN2at10TensorBaseE"
                                    + "St10unique_ptrINS0_22PostAccumulateGradHookE"
                                    + "St14default_deleteIS7_EE"),
                    GradientHooks::new,
                    GradientHooks::work,
                    "Gradients are reduced after backward, not during it");

    private static final int WORD = Native.POINTER_SIZE;
    private static final int TABLE_WORDS = 7;
    private static final int FIRST_FUNCTION = 2;
    private static final int NUMBER_PLACE = WORD;

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

    /** The hooks of libtorch; empty where they cannot be reached. */
    static Optional<GradientHooks> find(Engine engine) {
        return FUNCTION.find(engine);
    }

    /** Whether a hook is called once per backward, when the gradient is there, and let go. */
    private boolean work(NDArray array) {
        AtomicInteger calls = new AtomicInteger();
        set(array, calls::incrementAndGet);
        LibtorchFunction.backward(array.mul(3).add(array).sum());
        boolean isCalled = calls.get() == 1;
        remove(array);
        return isCalled && hooks.isEmpty();
    }

    /**
     * Has backward call the listener, on its own thread, each time it has added to an array's
     * gradient; replaces the listener that the array had. Kept until it is removed or the array is
     * gone.
     *
     * @param listener must not throw
     * @return the listener's number
     */
    long set(NDArray array, Runnable listener) {
        long number = lastNumber.incrementAndGet();
        Memory object = new Memory(2L * WORD);
        object.setPointer(0, table.share((long) FIRST_FUNCTION * WORD));
        object.setLong(NUMBER_PLACE, number);
        hooks.put(number, new Hook(listener, object));
        replace(array, object);
        return number;
    }

    /** Whether a listener has neither been replaced nor removed, and its array is there still. */
    boolean isSet(long number) {
        return hooks.containsKey(number);
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
