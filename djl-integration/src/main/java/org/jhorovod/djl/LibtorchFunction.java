package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.NativeLibrary;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A function that libtorch exports and DJL does not offer. As nobody promises what it does, it is
 * tried out once in a process, on an array of two elements; where it cannot be used, that is told
 * once. Safe for use by several threads.
 *
 * @param <T> what calls it
 */
final class LibtorchFunction<T> {
    private static final Logger logger = LoggerFactory.getLogger(LibtorchFunction.class);

    /**
     * Where it is.
     *
     * @param library the file's name
     * @param name what a person calls it
     * @param symbol what the library calls it
     */
    record Place(String library, String name, String symbol) {}

    private final Place place;
    private final Function<com.sun.jna.Function, T> caller;
    private final BiPredicate<T, NDArray> trial;
    private final String otherwise;
    // Guarded by this.
    private boolean isTriedOut;
    private Optional<T> found = Optional.empty();

    /**
     * Describes it; nothing is loaded yet.
     *
     * @param caller makes what calls it
     * @param trial whether that does as expected, tried on two ones that require a gradient
     * @param otherwise what happens where it cannot be used, as the beginning of a sentence
     */
    LibtorchFunction(
            Place place,
            Function<com.sun.jna.Function, T> caller,
            BiPredicate<T, NDArray> trial,
            String otherwise) {
        this.place = place;
        this.caller = caller;
        this.trial = trial;
        this.otherwise = otherwise;
    }

    /** What calls it, the same each time; empty where it cannot be used. */
    synchronized Optional<T> find(Engine engine) {
        if (!isTriedOut) {
            found = tryOut(engine);
            isTriedOut = true;
        }
        return found;
    }

    private Optional<T> tryOut(Engine engine) {
        try {
            T loaded = load();
            if (works(loaded, engine)) {
                return Optional.of(loaded);
            }
            logger.warn(
                    "{}: {} of this version of libtorch does not do what is expected. Use the DJL"
                            + " version that JHorovod was built for.",
                    otherwise,
                    place.name());
        } catch (UnsatisfiedLinkError | RuntimeException e) {
            logger.warn(
                    "{}: {} cannot be reached in libtorch ({}). Use the DJL version that JHorovod"
                            + " was built for.",
                    otherwise,
                    place.name(),
                    e.toString());
        }
        return Optional.empty();
    }

    private T load() {
        Path file = Path.of(LibUtils.getLibtorchPath(), place.library());
        NativeLibrary library = NativeLibrary.getInstance(file.toString());
        return caller.apply(library.getFunction(place.symbol()));
    }

    private boolean works(T loaded, Engine engine) {
        boolean wasRecording = JniUtils.isGradMode();
        try (NDManager manager = engine.newBaseManager(Device.cpu())) {
            // Without a gradient collector, as one may be open.
            JniUtils.setGradMode(true);
            NDArray array = manager.ones(new Shape(2));
            array.setRequiresGradient(true);
            return trial.test(loaded, array);
        } finally {
            JniUtils.setGradMode(wasRecording);
        }
    }

    /** Runs backward in a trial. */
    static void backward(NDArray sum) {
        JniUtils.backward((PtNDArray) sum, (PtNDArray) sum.onesLike(), false, false);
    }
}
