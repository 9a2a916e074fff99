package org.jhorovod.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Optimizer;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jhorovod.djl.checkpoint.Description;

/*
 * DJL's optimizers keep what they know of each parameter in maps from its id, which differs from
 * process to process, to its arrays by device; and in their base class how often each was updated,
 * from which learning rates and Adam's corrections follow. There is no method for any of it.
 * DjlContractTest names the field if a version of DJL has it no longer.
 */
/** Reads and writes what an optimizer remembers from step to step. Owned by the training thread. */
final class OptimizerState {
    private static final String SEPARATOR = "/";

    private final Optimizer optimizer;
    private final List<NamedParameter> parameters;
    private final Map<String, Map<String, Map<Device, NDArray>>> arrays = new TreeMap<>();
    private final Map<String, Integer> counts;
    private final DjlField updates = DjlField.of(Optimizer.class, "numUpdate");

    /**
     * Of an optimizer for these parameters.
     *
     * @throws IllegalArgumentException if it keeps state in a way that is not DJL's
     */
    OptimizerState(Optimizer optimizer, List<NamedParameter> parameters) {
        this.optimizer = optimizer;
        this.parameters = List.copyOf(parameters);
        this.counts = countsOf(optimizer);
        for (Class<?> type = optimizer.getClass();
                type != null && type != Optimizer.class;
                type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                add(field);
            }
        }
    }

    @SuppressWarnings("unchecked") // what DJL declares
    private static Map<String, Integer> countsOf(Optimizer optimizer) {
        return (Map<String, Integer>) DjlField.of(Optimizer.class, "updateCounts").get(optimizer);
    }

    @SuppressWarnings("unchecked") // the field's type was compared
    private void add(Field field) {
        if (Modifier.isStatic(field.getModifiers()) || field.isSynthetic()) {
            return;
        }
        if (isState(field.getGenericType())) {
            DjlField state = DjlField.of(field.getDeclaringClass(), field.getName());
            arrays.put(field.getName(), (Map<String, Map<Device, NDArray>>) state.get(optimizer));
        } else if (!field.getDeclaringClass().getName().startsWith("ai.djl.")
                && mayBeState(field.getType())) {
            throw new IllegalArgumentException(
                    "The optimizer %s keeps a field '%s' of type %s, which JHorovod cannot save in a checkpoint. Keep what it remembers of parameters in a Map<String, Map<Device, NDArray>>, as DJL's optimizers do, or train without checkpoints."
                            .formatted(
                                    field.getDeclaringClass().getName(),
                                    field.getName(),
                                    field.getType().getSimpleName()));
        }
    }

    private static boolean isState(Type type) {
        return type instanceof ParameterizedType map
                && map.getRawType() == Map.class
                && map.getActualTypeArguments()[0] == String.class
                && map.getActualTypeArguments()[1] instanceof ParameterizedType inner
                && inner.getRawType() == Map.class
                && inner.getActualTypeArguments()[0] == Device.class
                && inner.getActualTypeArguments()[1] == NDArray.class;
    }

    private static boolean mayBeState(Class<?> type) {
        return Map.class.isAssignableFrom(type)
                || Collection.class.isAssignableFrom(type)
                || NDArray.class.isAssignableFrom(type)
                || type.isArray();
    }

    /** The arrays that are there, by field and parameter. */
    Map<String, NDArray> arrays() {
        Map<String, NDArray> found = new LinkedHashMap<>();
        arrays.forEach(
                (field, ofParameters) -> {
                    for (NamedParameter each : parameters) {
                        Map<Device, NDArray> ofDevices = ofParameters.get(each.parameter().getId());
                        if (ofDevices != null) {
                            NDArray array = ofDevices.get(each.array().getDevice());
                            if (array != null) {
                                found.put(field + SEPARATOR + each.name(), array);
                            }
                        }
                    }
                });
        return found;
    }

    /** All but the elements. */
    Description.Optimizer describe() {
        Map<String, Integer> byName = new TreeMap<>();
        for (NamedParameter each : parameters) {
            Integer count = counts.get(each.parameter().getId());
            if (count != null) {
                byName.put(each.name(), count);
            }
        }
        return new Description.Optimizer(
                optimizer.getClass().getName(),
                (Integer) updates.get(optimizer),
                byName,
                new ArrayList<>(arrays().keySet()));
    }

    /** Whether a description is one of such an optimizer. */
    boolean fits(Description.Optimizer described) {
        return described.type().equals(optimizer.getClass().getName());
    }

    /** Takes over the counts. */
    void resume(Description.Optimizer described) {
        for (NamedParameter each : parameters) {
            Integer count = described.counts().get(each.name());
            if (count != null) {
                counts.put(each.parameter().getId(), count);
            }
        }
        updates.set(optimizer, described.updates());
    }

    /**
     * Makes sure that the arrays which a description names are there: new ones are zeros, and
     * belong to the optimizer.
     *
     * @return in the description's order
     */
    List<NDArray> allocate(Description.Optimizer described) {
        Map<String, NamedParameter> byName = new TreeMap<>();
        parameters.forEach(each -> byName.put(each.name(), each));
        List<NDArray> found = new ArrayList<>();
        for (String name : described.arrays()) {
            int end = name.indexOf(SEPARATOR);
            Map<String, Map<Device, NDArray>> ofParameters = arrays.get(name.substring(0, end));
            NamedParameter parameter = byName.get(name.substring(end + 1));
            if (ofParameters == null || parameter == null) {
                throw new IllegalStateException(
                        "The checkpoint has '%s' of its optimizer, which %s does not have. Resume with the version of DJL that wrote it."
                                .formatted(name, optimizer.getClass().getName()));
            }
            found.add(
                    ofParameters
                            .computeIfAbsent(
                                    parameter.parameter().getId(), id -> new ConcurrentHashMap<>())
                            .computeIfAbsent(
                                    parameter.array().getDevice(), device -> zeros(parameter)));
        }
        return found;
    }

    private static NDArray zeros(NamedParameter parameter) {
        NDArray zeros = parameter.array().zerosLike();
        zeros.detach(); // as DJL's own are
        return zeros;
    }
}
