package org.jhorovod.launcher.cli;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Catches the signals that ask the launcher to end. The class that does so has been part of every
 * JDK since the first, but javac warns of its name in a way that cannot be turned off: hence
 * reflection.
 */
final class Signals {
    private static final Logger logger = LoggerFactory.getLogger(Signals.class);
    private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);
    private static final Path STATUS = Path.of("/proc/self/status");

    private Signals() {}

    /**
     * Hands the number of each such signal to the consumer. One that is ignored already, as under
     * nohup, stays so.
     */
    static void catchAll(IntConsumer consumer) {
        long ignored = ignoredMask();
        NUMBERS.forEach(
                (name, number) -> {
                    if ((ignored >> (number - 1) & 1) == 0) {
                        handle(name, () -> consumer.accept(number));
                    }
                });
    }

    private static long ignoredMask() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("SigIgn:")) {
                    return Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16);
                }
            }
        } catch (IOException e) {
            logger.debug("Cannot read {}: signals are all taken to be wanted.", STATUS, e);
        }
        return 0;
    }

    private static void handle(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(
                            handler.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) -> called(method, action));
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            // The pipe to the agent still closes when this process ends: nothing is left running.
            logger.debug("SIG{} cannot be caught.", name, e);
        }
    }

    private static @Nullable Object called(Method method, Runnable action) {
        if (method.getName().equals("handle")) {
            action.run();
        }
        return null;
    }
}
