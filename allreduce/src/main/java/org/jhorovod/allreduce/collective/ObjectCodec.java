package org.jhorovod.allreduce.collective;

import java.lang.reflect.Type;

/**
 * Makes bytes of objects, and objects of bytes, the same on all ranks. Used by several threads.
 *
 * <pre>{@code
 * record Best(int epoch, double loss) {}
 * Best best = communicator.broadcastObject("best", own, ObjectCodec.json(Best.class), 0);
 * }</pre>
 *
 * @param <T> what the objects are
 */
public interface ObjectCodec<T> {

    /**
     * The object as bytes; called on the thread that submits it.
     *
     * @param value not null
     */
    byte[] encode(T value);

    /**
     * The object of which another rank has made these bytes; called on the thread that runs
     * collectives by name, and so short.
     *
     * @throws RuntimeException if they are no such object, saying why
     */
    T decode(byte[] bytes);

    /**
     * As JSON, by Gson: records, classes, enums, collections and maps of such.
     *
     * @param type of the objects
     */
    static <T> ObjectCodec<T> json(Class<T> type) {
        return json((Type) type);
    }

    /**
     * The same for a generic type, such as {@code new TypeToken<Map<String, Double>>()
     * {}.getType()} of Gson's.
     *
     * @param type of the objects, which {@code T} has to be
     */
    static <T> ObjectCodec<T> json(Type type) {
        return new JsonCodec<>(type);
    }
}
