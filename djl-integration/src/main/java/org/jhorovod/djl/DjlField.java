package org.jhorovod.djl;

import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;

/**
 * A field of a DJL class that JHorovod reads or writes because DJL has no method for it. {@code
 * DjlContractTest} fails by name when a DJL version moves one.
 */
final class DjlField {
    private final Field field;

    private DjlField(Field field) {
        this.field = field;
    }

    /**
     * Finds the field.
     *
     * @throws IllegalStateException if this version of DJL does not have it
     */
    static DjlField of(Class<?> declaring, String name) {
        try {
            Field field = declaring.getDeclaredField(name);
            field.setAccessible(true);
            return new DjlField(field);
        } catch (NoSuchFieldException | RuntimeException e) {
            throw new IllegalStateException(
                    "DJL's %s has no field '%s' that can be read. Use the DJL version that JHorovod was built for."
                            .formatted(declaring.getName(), name),
                    e);
        }
    }

    /**
     * The field's value.
     *
     * @param owner null for a static field
     */
    Object get(@Nullable Object owner) {
        try {
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("bug: " + field + " was made accessible", e);
        }
    }

    /**
     * Gives the field another value.
     *
     * @param owner null for a static field
     */
    void set(@Nullable Object owner, Object value) {
        try {
            field.set(owner, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("bug: " + field + " was made accessible", e);
        }
    }
}
