package org.jhorovod.launcher.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jhorovod.djl.ModelFile;

/** A model's parameters as the bytes of DJL's file. */
final class ParameterFile {
    private static final int EPOCH = 0; // the first that DJL looks for

    private ParameterFile() {}

    /** What DJL's {@code Model.save} writes. */
    static byte[] read(Model model) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelFile.write(model, model.getName(), EPOCH, Map.of(), bytes);
        return bytes.toByteArray();
    }

    /** Loads the bytes into a model whose block is set. */
    static void load(byte[] bytes, Model model) throws IOException {
        try {
            model.load(new ByteArrayInputStream(bytes));
        } catch (MalformedModelException e) {
            throw new IOException(
                    "The trained parameters do not fit the network: %s. The function of setBlock must make the same one each time."
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /** Writes them so that {@code Model.load(folder, name)} finds them. */
    static void write(byte[] bytes, Path folder, String name) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(ModelFile.name(name, EPOCH)), bytes);
    }
}
