package org.jhorovod.launcher.endtoend;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Streams;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What the folder {@code docker/} holds. */
final class DockerFolder {
    static final Path CHECKOUT = Path.of("../..").toAbsolutePath().normalize();
    static final Path PATH = CHECKOUT.resolve("docker");

    private DockerFolder() {}

    /** The documents of a file in YAML, anchors resolved. */
    static ImmutableList<JsonElement> documents(String name) throws IOException {
        Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
        Gson gson = new Gson();
        try (Reader reader = Files.newBufferedReader(PATH.resolve(name))) {
            return Streams.stream(yaml.loadAll(reader))
                    .map(gson::toJsonTree)
                    .collect(ImmutableList.toImmutableList());
        }
    }

    /** The one document of a file. */
    static JsonObject document(String name) throws IOException {
        return documents(name).get(0).getAsJsonObject();
    }

    /** What lies at a path of names and numbers, such as {@code spec.containers.0}. */
    static JsonElement at(JsonElement root, String path) {
        JsonElement found = root;
        for (String step : path.split("\\.", -1)) {
            found =
                    found.isJsonArray()
                            ? found.getAsJsonArray().get(Integer.parseInt(step))
                            : found.getAsJsonObject().get(step);
            if (found == null) {
                throw new IllegalArgumentException("nothing is at %s of %s".formatted(step, path));
            }
        }
        return found;
    }
}
