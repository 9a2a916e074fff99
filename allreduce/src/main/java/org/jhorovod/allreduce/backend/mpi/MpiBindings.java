package org.jhorovod.allreduce.backend.mpi;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/*
 * Note [Why MPI is bound at run time]
 * Open MPI's Java classes (mpi.jar) are in no Maven repository, and distributions leave them out. So
 * nothing here is compiled against them: this class looks them up by name, once, and is the only one
 * that knows their names. Objects of theirs are plain Objects outside of it.
 */
/** Open MPI's Java bindings, found on the class path. */
final class MpiBindings {
    private static final String MPI = "mpi.MPI";

    private final Class<?> mpi;
    private final MethodHandle isInitialized;
    private final MethodHandle isFinalized;
    private final MethodHandle libraryVersion;
    private final MethodHandle initThread;
    private final MethodHandle queryThread;
    private final MethodHandle finish;
    private final MethodHandle duplicate;
    private final MethodHandle setErrorHandler;
    private final MethodHandle rank;
    private final MethodHandle size;
    private final MethodHandle allReduce;
    private final MethodHandle startAllReduce;
    private final MethodHandle broadcast;
    private final MethodHandle startBroadcast;
    private final MethodHandle allGather;
    private final MethodHandle startAllGather;
    private final MethodHandle allGatherParts;
    private final MethodHandle allToAll;
    private final MethodHandle reduceScatter;
    private final MethodHandle test;

    private MpiBindings(Class<?> mpi) throws ReflectiveOperationException {
        this.mpi = mpi;
        Class<?> comm = sibling("Comm");
        Class<?> type = sibling("Datatype");
        Class<?> op = sibling("Op");
        Class<?> request = sibling("Request");
        isInitialized = ofLibrary("isInitialized", boolean.class);
        isFinalized = ofLibrary("isFinalized", boolean.class);
        libraryVersion = ofLibrary("getLibVersion", String.class);
        initThread = ofLibrary("InitThread", int.class, String[].class, int.class);
        queryThread = ofLibrary("queryThread", int.class);
        finish = ofLibrary("Finalize", void.class);
        duplicate = of(sibling("Intracomm"), "dup", sibling("Intracomm"));
        setErrorHandler = of(comm, "setErrhandler", void.class, sibling("Errhandler"));
        rank = of(comm, "getRank", int.class);
        size = of(comm, "getSize", int.class);
        allReduce = of(comm, "allReduce", void.class, Object.class, int.class, type, op);
        startAllReduce = of(comm, "iAllReduce", request, Buffer.class, int.class, type, op);
        broadcast = of(comm, "bcast", void.class, Object.class, int.class, type, int.class);
        startBroadcast = of(comm, "iBcast", request, Buffer.class, int.class, type, int.class);
        Class<?>[] gathered = {Object.class, int.class, type, Object.class, int.class, type};
        allGather = of(comm, "allGather", void.class, gathered);
        gathered[0] = Buffer.class;
        gathered[3] = Buffer.class;
        startAllGather = of(comm, "iAllGather", request, gathered);
        Class<?> ints = int[].class;
        allGatherParts =
                of(
                        comm,
                        "allGatherv",
                        void.class,
                        Object.class,
                        int.class,
                        type,
                        Object.class,
                        ints,
                        ints,
                        type);
        allToAll =
                of(
                        comm,
                        "allToAllv",
                        void.class,
                        Object.class,
                        ints,
                        ints,
                        type,
                        Object.class,
                        ints,
                        ints,
                        type);
        reduceScatter = of(comm, "reduceScatter", void.class, Object.class, ints, type, op);
        test = of(request, "test", boolean.class);
    }

    /** Whether mpi.jar is there; loads no native library. */
    static boolean areThere() {
        try {
            Class.forName(MPI, false, MpiBindings.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    /** Loads the classes and the native library. */
    static MpiBindings load() throws MpiException {
        try {
            return new MpiBindings(Class.forName(MPI, true, MpiBindings.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            throw new MpiException("mpi.jar is not on the class path", e);
        } catch (LinkageError e) {
            throw new MpiException(
                    "mpi.jar is there, but libmpi_java.so cannot be loaded (%s)".formatted(e), e);
        } catch (ReflectiveOperationException e) {
            throw new MpiException(
                    "mpi.jar is there, but has other methods than Open MPI 4's (%s)".formatted(e),
                    e);
        }
    }

    private Class<?> sibling(String name) throws ClassNotFoundException {
        return Class.forName("mpi." + name, true, mpi.getClassLoader());
    }

    private MethodHandle ofLibrary(String name, Class<?> result, Class<?>... parameters)
            throws ReflectiveOperationException {
        MethodHandle found =
                MethodHandles.publicLookup().findStatic(mpi, name, methodType(result, parameters));
        return asObjects(found);
    }

    private static MethodHandle of(
            Class<?> owner, String name, Class<?> result, Class<?>... parameters)
            throws ReflectiveOperationException {
        MethodHandle found =
                MethodHandles.publicLookup()
                        .findVirtual(owner, name, methodType(result, parameters));
        return asObjects(found);
    }

    /** The same with Object for each class, as the exact calls below see them. */
    private static MethodHandle asObjects(MethodHandle handle) {
        return handle.asType(handle.type().erase());
    }

    private interface Call<T> {
        T run() throws Throwable;
    }

    private static <T> T guarded(Call<T> call) throws MpiException {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new MpiException("MPI says: " + e.getMessage(), e);
        }
    }

    // --- The library ------------------------------------------------------------------------

    /** Such as {@code Open MPI 4.1.4}; may be asked before {@link #init}. */
    String version() throws MpiException {
        String text = (String) guarded(() -> (Object) libraryVersion.invokeExact());
        String first = text.split("[,\n\0]", 2)[0].strip();
        return first.replace("Open MPI v", "Open MPI ");
    }

    boolean isInitialized() throws MpiException {
        return guarded(() -> (boolean) isInitialized.invokeExact());
    }

    boolean isFinalized() throws MpiException {
        return guarded(() -> (boolean) isFinalized.invokeExact());
    }

    /** Initialises MPI, and returns whether any thread may call it at any time. */
    boolean init() throws MpiException {
        int wanted = constant("THREAD_MULTIPLE");
        Object noArguments = new String[0];
        return guarded(() -> (int) initThread.invokeExact(noArguments, wanted)) >= wanted;
    }

    /** Whether MPI was initialised so that any thread may call it at any time. */
    boolean allowsAllThreads() throws MpiException {
        int wanted = constant("THREAD_MULTIPLE");
        return guarded(() -> (int) queryThread.invokeExact()) >= wanted;
    }

    /** Leaves MPI; returns when all ranks have called it. */
    void finish() throws MpiException {
        guarded(
                () -> {
                    finish.invokeExact();
                    return true;
                });
    }

    private int constant(String name) throws MpiException {
        return (int) field(name);
    }

    private Object field(String name) throws MpiException {
        try {
            return MethodHandles.publicLookup().unreflectGetter(mpi.getField(name)).invoke();
        } catch (Throwable e) {
            throw new MpiException("mpi.jar is there, but has no MPI." + name, e);
        }
    }

    Object type(MpiType type) throws MpiException {
        return field(type.name());
    }

    Object op(MpiOp op) throws MpiException {
        return field(op.name());
    }

    // --- Communicators ------------------------------------------------------------------------

    /** A communicator of our own, whose errors come back as exceptions; all ranks call it. */
    Object duplicateWorld() throws MpiException {
        Object world = field("COMM_WORLD");
        Object handler = field("ERRORS_RETURN");
        return guarded(
                () -> {
                    Object own = duplicate.invokeExact(world);
                    setErrorHandler.invokeExact(own, handler);
                    return own;
                });
    }

    int rank(Object comm) throws MpiException {
        return guarded(() -> (int) rank.invokeExact(comm));
    }

    int size(Object comm) throws MpiException {
        return guarded(() -> (int) size.invokeExact(comm));
    }

    // --- Collectives; buffers are direct, and count from their first byte -----------------------

    void allReduce(Object comm, ByteBuffer elements, int count, Object type, Object op)
            throws MpiException {
        guarded(
                () -> {
                    allReduce.invokeExact(comm, (Object) elements, count, type, op);
                    return true;
                });
    }

    Object startAllReduce(Object comm, ByteBuffer elements, int count, Object type, Object op)
            throws MpiException {
        return guarded(
                () ->
                        (Object)
                                startAllReduce.invokeExact(
                                        comm, (Object) elements, count, type, op));
    }

    void broadcast(Object comm, ByteBuffer elements, int count, Object type, int root)
            throws MpiException {
        guarded(
                () -> {
                    broadcast.invokeExact(comm, (Object) elements, count, type, root);
                    return true;
                });
    }

    Object startBroadcast(Object comm, ByteBuffer elements, int count, Object type, int root)
            throws MpiException {
        return guarded(
                () ->
                        (Object)
                                startBroadcast.invokeExact(
                                        comm, (Object) elements, count, type, root));
    }

    void allGather(Object comm, ByteBuffer from, ByteBuffer to, int count, Object type)
            throws MpiException {
        guarded(
                () -> {
                    allGather.invokeExact(
                            comm, (Object) from, count, type, (Object) to, count, type);
                    return true;
                });
    }

    /** Gathers parts of unequal lengths, that of this rank from the first buffer. */
    void allGather(
            Object comm, ByteBuffer from, ByteBuffer to, int[] counts, int[] places, Object type)
            throws MpiException {
        int own = counts[rank(comm)];
        guarded(
                () -> {
                    allGatherParts.invokeExact(
                            comm,
                            (Object) from,
                            own,
                            type,
                            (Object) to,
                            (Object) counts,
                            (Object) places,
                            type);
                    return true;
                });
    }

    void allToAll(
            Object comm,
            ByteBuffer from,
            int[] out,
            int[] outPlaces,
            ByteBuffer to,
            int[] in,
            int[] inPlaces,
            Object type)
            throws MpiException {
        guarded(
                () -> {
                    allToAll.invokeExact(
                            comm,
                            (Object) from,
                            (Object) out,
                            (Object) outPlaces,
                            type,
                            (Object) to,
                            (Object) in,
                            (Object) inPlaces,
                            type);
                    return true;
                });
    }

    /** Replaces the first elements by this rank's part. */
    void reduceScatter(Object comm, ByteBuffer elements, int[] counts, Object type, Object op)
            throws MpiException {
        guarded(
                () -> {
                    reduceScatter.invokeExact(comm, (Object) elements, (Object) counts, type, op);
                    return true;
                });
    }

    Object startAllGather(Object comm, ByteBuffer from, ByteBuffer to, int count, Object type)
            throws MpiException {
        return guarded(
                () ->
                        (Object)
                                startAllGather.invokeExact(
                                        comm,
                                        (Object) from,
                                        count,
                                        type,
                                        (Object) to,
                                        count,
                                        type));
    }

    /** Whether what was started is done; moves it on. */
    boolean isDone(Object request) throws MpiException {
        return guarded(() -> (boolean) test.invokeExact(request));
    }
}
