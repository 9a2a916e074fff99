package org.jhorovod.djl;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jhorovod.djl.checkpoint.CheckpointException;

/**
 * A model's parameters in DJL's format, as {@link Model#save} writes them, but to any stream, under
 * any name, and without a change to the model; {@code DjlContractTest} compares the two. Stateless.
 */
public final class ModelFile {
    private static final String MAGIC = "DJL@";
    private static final int VERSION = 1;
    private static final String EPOCH = "Epoch";

    private ModelFile() {}

    /** What DJL calls the file of a model of this name after so many epochs. */
    public static String name(String modelName, int epoch) {
        return String.format(Locale.ROOT, "%s-%04d.params", modelName, epoch);
    }

    /**
     * Writes an initialised model, with the model's properties and the number of the epoch.
     *
     * @param modelName by which it is to be loaded
     * @param more properties, which win over the model's
     */
    public static void write(
            Model model, String modelName, int epoch, Map<String, String> more, OutputStream out)
            throws IOException {
        DataOutputStream data = new DataOutputStream(out);
        data.writeBytes(MAGIC);
        data.writeInt(VERSION);
        data.writeUTF(modelName);
        data.writeUTF(model.getDataType().name());
        PairList<String, Shape> inputs = model.getBlock().describeInput();
        data.writeInt(inputs.size());
        for (Pair<String, Shape> input : inputs) {
            data.writeUTF(input.getKey() == null ? "" : input.getKey());
            data.write(input.getValue().getEncoded());
        }
        Map<String, String> properties = new TreeMap<>(model.getProperties());
        properties.putAll(more);
        properties.put(EPOCH, Integer.toString(epoch));
        data.writeInt(properties.size());
        for (Map.Entry<String, String> property : properties.entrySet()) {
            data.writeUTF(property.getKey());
            data.writeUTF(property.getValue());
        }
        model.getBlock().saveParameters(data);
        data.flush();
    }

    /**
     * Replaces the elements of an initialised model's parameters.
     *
     * @param described what the file holds, as {@link NamedParameter#describe}
     * @throws CheckpointException if the model is another, naming the first difference
     */
    static void read(Model model, List<String> described, InputStream in) throws IOException {
        List<NamedParameter> parameters = NamedParameter.of(model.getBlock());
        requireSame(parameters.stream().map(NamedParameter::describe).toList(), described);
        List<NDArray> before = parameters.stream().map(NamedParameter::array).toList();
        try {
            model.load(in, Map.of());
        } catch (MalformedModelException e) {
            throw new CheckpointException("its parameters cannot be loaded: " + e.getMessage(), e);
        }
        for (int i = 0; i < before.size(); i++) {
            putBack(parameters.get(i).parameter(), before.get(i));
        }
    }

    /** A trainer knows a parameter's first array, which takes over the elements of the new one. */
    private static void putBack(Parameter parameter, NDArray first) {
        try (NDArray loaded = parameter.getArray()) {
            TensorMemory.overwrite(first, target -> target.put(TensorMemory.bytes(loaded)));
        }
        DjlField.of(Parameter.class, "array").set(parameter, first);
    }

    private static void requireSame(List<String> here, List<String> there) {
        for (int i = 0; i < Math.max(here.size(), there.size()); i++) {
            String mine = i < here.size() ? here.get(i) : "nothing more";
            String kept = i < there.size() ? there.get(i) : "nothing more";
            if (!mine.equals(kept)) {
                throw new CheckpointException(
                        "it is of another model: parameter %d is %s there, but %s here"
                                .formatted(i, kept, mine));
            }
        }
    }
}
