package org.jhorovod.launcher.endtoend;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1Job;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.openapi.models.V1Service;
import java.io.IOException;
import java.io.InputStream;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;

/**
 * Checks manifests against what Kubernetes and Kubeflow's operators know, each fault an {@link
 * IllegalArgumentException}: fields that are unknown, missing or of a wrong type.
 */
final class Manifests {
    private static final Gson GSON =
            new GsonBuilder()
                    .registerTypeAdapter(
                            OffsetDateTime.class,
                            (JsonDeserializer<OffsetDateTime>)
                                    (json, type, context) ->
                                            OffsetDateTime.parse(json.getAsString()))
                    .create();

    private Manifests() {}

    static V1Service service(JsonElement manifest) throws IOException {
        V1Service.validateJsonElement(manifest);
        return read(manifest, V1Service.class);
    }

    static V1Job job(JsonElement manifest) throws IOException {
        V1Job.validateJsonElement(manifest);
        return read(manifest, V1Job.class);
    }

    /** The pods of a replica type; checks the whole job. */
    static V1PodTemplateSpec mpiJobPods(JsonElement manifest, String replicaType)
            throws IOException {
        check(manifest, "/mpijob.schema.json");
        JsonElement template =
                DockerFolder.at(
                        manifest, "spec.mpiReplicaSpecs.%s.template".formatted(replicaType));
        V1PodTemplateSpec.validateJsonElement(template);
        return read(template, V1PodTemplateSpec.class);
    }

    /** What a TrainJob says of the container that trains; checks the whole job. */
    static V1Container trainJobContainer(JsonElement manifest) throws IOException {
        check(manifest, "/trainjob.schema.json");
        JsonObject trainer = DockerFolder.at(manifest, "spec.trainer").getAsJsonObject();
        JsonObject container = new JsonObject();
        container.addProperty("name", "node");
        for (String field : List.of("image", "command", "args", "env")) {
            container.add(field, trainer.get(field));
        }
        container.add("resources", trainer.get("resourcesPerNode"));
        V1Container.validateJsonElement(container);
        return read(container, V1Container.class);
    }

    private static void check(JsonElement manifest, String schemaName) throws IOException {
        try (InputStream in = Manifests.class.getResourceAsStream(schemaName)) {
            JsonSchema schema = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(in);
            Set<ValidationMessage> faults = schema.validate(manifest.toString(), InputFormat.JSON);
            if (!faults.isEmpty()) {
                throw new IllegalArgumentException(faults.toString());
            }
        }
    }

    /** The check above knows names; reading knows the types of numbers and quantities as well. */
    private static <T> T read(JsonElement manifest, Class<T> type) {
        try {
            return GSON.fromJson(manifest, type);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("%s in %s".formatted(e, manifest), e);
        }
    }
}
