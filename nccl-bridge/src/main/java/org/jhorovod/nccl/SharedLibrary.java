package org.jhorovod.nccl;

import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A library that the dynamic loader has loaded. It stays loaded for as long as this object is
 * reachable, or something else needs it; it is never unloaded by hand, because JNA shares it with
 * everybody who asked for the same name.
 */
final class SharedLibrary {
    // dlopen's RTLD_LAZY without RTLD_GLOBAL: no symbol of it gets in the way of another library's.
    private static final int LAZY_AND_LOCAL = 1;
    private static final String DOUBLES_MARK = "jhorovod_is_double";

    private final NativeLibrary library;

    private SharedLibrary(NativeLibrary library) {
        this.library = library;
    }

    /**
     * Loads a library.
     *
     * @param name an absolute path, or a file name for the loader's own search
     * @throws NcclUnavailableException with the loader's reason
     */
    static SharedLibrary load(String name) throws NcclUnavailableException {
        try {
            return new SharedLibrary(
                    NativeLibrary.getInstance(
                            name, Map.of(Library.OPTION_OPEN_FLAGS, LAZY_AND_LOCAL)));
        } catch (LinkageError e) {
            throw new NcclUnavailableException(reason(name, String.valueOf(e.getMessage())));
        }
    }

    /** The dynamic loader's own line of JNA's message, which names the file. */
    private static String reason(String name, String message) {
        String file = Path.of(name).getFileName().toString();
        return message.lines()
                .filter(line -> line.contains(file) && !line.startsWith("Unable to load library"))
                .findFirst()
                .orElse("%s cannot be loaded: %s".formatted(name, message.replaceAll("\\R", " ")));
    }

    /** Whether it, or what it needs itself, has a function of this name. */
    boolean has(String function) {
        try {
            library.getFunction(function);
            return true;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
    }

    /** Those of the given functions that are not there. */
    List<String> missing(List<String> functions) {
        return functions.stream().filter(function -> !has(function)).toList();
    }

    /** Whether it says of itself that it stands for the real one in tests. */
    boolean isDouble() {
        return has(DOUBLES_MARK);
    }

    /**
     * Calls a function that takes what JNA can pass and returns an int; for functions newer than
     * the bindings can count on.
     */
    int call(String function, Object... arguments) {
        Function found = library.getFunction(function);
        return found.invokeInt(arguments);
    }

    /** Where a function is, in this library or in one that it needs. */
    long addressOf(String function) {
        return Pointer.nativeValue(library.getFunction(function));
    }
}
