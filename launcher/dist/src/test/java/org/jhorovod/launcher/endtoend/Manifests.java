package org.jhorovod.launcher.endtoend;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import io.kubernetes.client.openapi.models.V1Job;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.openapi.models.V1Service;
import java.io.IOException;
import java.io.InputStream;
import java.time.OffsetDateTime;
import java.util.Set;

/**
 * Checks manifests against what Kubernetes and the MPI operator know, each fault an {@link
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
        Set<ValidationMessage> faults =
                mpiJobSchema().validate(manifest.toString(), InputFormat.JSON);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(faults.toString());
        }
        JsonElement template =
                DockerFolder.at(
                        manifest, "spec.mpiReplicaSpecs.%s.template".formatted(replicaType));
        V1PodTemplateSpec.validateJsonElement(template);
        return read(template, V1PodTemplateSpec.class);
    }

    private static JsonSchema mpiJobSchema() throws IOException {
        try (InputStream schema = Manifests.class.getResourceAsStream("/mpijob.schema.json")) {
            return JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema);
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
