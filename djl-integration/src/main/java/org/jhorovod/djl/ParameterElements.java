package org.jhorovod.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.nio.FloatBuffer;
import java.util.List;
import org.jhorovod.djl.local.Elements;

/** A parameter of a model as elements that sites agree on. */
record ParameterElements(NamedParameter parameter) implements Elements {

    /**
     * Those of a model.
     *
     * @throws IllegalArgumentException if one of them is not of float32, or cannot be written
     */
    static List<Elements> of(List<NamedParameter> parameters) {
        for (NamedParameter each : parameters) {
            if (each.array().getDataType() != DataType.FLOAT32) {
                throw new IllegalArgumentException(
                        "Parameter '%s' cannot be trained by local steps, which work on FLOAT32 alone. Train it in FLOAT32, or without local steps."
                                .formatted(each.describe()));
            }
            if (!TensorMemory.canOverwrite(each.array())) {
                throw new IllegalArgumentException(
                        "Parameter '%s' is a view whose elements do not lie in row order, so it cannot be agreed on in place. Build it from a duplicate() of the array."
                                .formatted(each.describe()));
            }
        }
        return parameters.stream().<Elements>map(ParameterElements::new).toList();
    }

    @Override
    public String name() {
        return parameter.name();
    }

    @Override
    public long[] shape() {
        return parameter.array().getShape().getShape();
    }

    @Override
    public boolean isStatistic() {
        return parameter.isRunningStatistic();
    }

    @Override
    public void read(FloatBuffer target) {
        NDArray array = parameter.array();
        target.put(TensorMemory.bytes(array).asFloatBuffer());
    }

    @Override
    public void write(FloatBuffer source) {
        NDArray array = parameter.array();
        int count = Math.toIntExact(array.size());
        FloatBuffer part = source.slice(source.position(), count);
        TensorMemory.overwrite(array, target -> target.asFloatBuffer().put(part.duplicate()));
        source.position(source.position() + count);
    }
}
