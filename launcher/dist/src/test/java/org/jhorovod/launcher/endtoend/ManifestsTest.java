package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.kubernetes.client.custom.Quantity;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1EnvVar;
import io.kubernetes.client.openapi.models.V1Job;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1SecretKeySelector;
import io.kubernetes.client.openapi.models.V1Service;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The manifests and the compose file of {@code docker/}, as far as they can be checked at rest. */
class ManifestsTest {
    private static final long USER = 10001;

    @Test
    void job_isAsKubernetesWantsIt_andItsPartsFitTogether() throws IOException {
        V1Service service = Manifests.service(DockerFolder.documents("job.yaml").get(0));
        V1Job job = job();
        String name = job.getMetadata().getName();
        assertThat(service.getMetadata().getName()).isEqualTo(podsOfJob().getSubdomain());
        assertThat(service.getSpec().getClusterIP()).isEqualTo("None");
        assertThat(service.getSpec().getPublishNotReadyAddresses()).isTrue();
        assertThat(service.getSpec().getSelector())
                .containsExactly(Map.entry("batch.kubernetes.io/job-name", name));
        assertThat(job.getSpec().getCompletionMode()).isEqualTo("Indexed");
        assertThat(job.getSpec().getParallelism()).isEqualTo(job.getSpec().getCompletions());

        V1Container rank = podsOfJob().getContainers().get(0);
        assertThat(variable(rank, "JHOROVOD_SIZE").getValue())
                .isEqualTo(job.getSpec().getCompletions().toString());
        String address = "%s-0.%s".formatted(name, service.getMetadata().getName());
        assertThat(variable(rank, "JHOROVOD_RENDEZVOUS").getValue()).startsWith(address + ":");
        assertThat(rank.getEnv()).extracting(V1EnvVar::getName).doesNotContain("JHOROVOD_RANK");
        assertThat(Settings.unknown(rank.getEnv().stream().map(V1EnvVar::getName).toList()))
                .isEmpty();
    }

    @Test
    void secret_isMounted_andNotWritten() throws IOException {
        V1Container rank = podsOfJob().getContainers().get(0);
        String folder = rank.getVolumeMounts().get(0).getMountPath();
        assertThat(variable(rank, "JHOROVOD_SECRET_FILE").getValue()).isEqualTo(folder + "/secret");
        assertThat(podsOfJob().getVolumes().get(0).getSecret().getSecretName())
                .isEqualTo("jhorovod");
        assertThat(Files.readString(DockerFolder.PATH.resolve("README.md")))
                .contains("kubectl create secret generic jhorovod --from-literal=secret=");
    }

    @Test
    void mpiJob_isAsItsOperatorWantsIt_andStartsRanksOnItsWorkers() throws IOException {
        JsonObject mpiJob = DockerFolder.document("mpijob.yaml");
        V1Container worker = pods(mpiJob, "Worker").getContainers().get(0);
        V1Container launcher = pods(mpiJob, "Launcher").getContainers().get(0);
        assertThat(worker.getCommand()).containsExactly("jhorovod-sshd", "2222");
        assertThat(worker.getPorts().get(0).getContainerPort()).isEqualTo(2222);
        assertThat(worker.getReadinessProbe().getTcpSocket().getPort().getStrValue())
                .isEqualTo(worker.getPorts().get(0).getName());
        assertThat(launcher.getCommand())
                .startsWith("jhorovodrun", "--hostfile", "/etc/mpi/hostfile")
                .containsSequence("--ssh-port", "2222");
        assertThat(launcher.getImage()).isEqualTo(worker.getImage());
        assertThat(DockerFolder.at(mpiJob, "spec.sshAuthMountPath").getAsString())
                .isEqualTo("/home/jhorovod/.ssh");
        int gpus = gpus(worker).orElseThrow();
        assertThat(DockerFolder.at(mpiJob, "spec.slotsPerWorker").getAsInt()).isEqualTo(gpus);
        assertThat(gpus(launcher)).isEmpty();
    }

    @Test
    void trainJob_isAsItsOperatorWantsIt_andHasARankAPod() throws IOException {
        JsonObject trainJob = DockerFolder.document("trainjob.yaml");
        V1Container rank = Manifests.trainJobContainer(trainJob);
        assertThat(DockerFolder.at(trainJob, "spec.trainer.numProcPerNode").getAsInt()).isOne();
        assertThat(gpus(rank)).contains(1);
        assertThat(rank.getCommand()).isEqualTo(podsOfJob().getContainers().get(0).getCommand());
        V1SecretKeySelector secret =
                variable(rank, "JHOROVOD_SECRET").getValueFrom().getSecretKeyRef();
        assertThat(secret.getName()).isEqualTo("jhorovod");
        assertThat(secret.getKey()).isEqualTo("secret");
        assertThat(Settings.unknown(rank.getEnv().stream().map(V1EnvVar::getName).toList()))
                .isEmpty();
    }

    @Test
    void pods_runWithoutRoot_onGpus_withinLimits() throws IOException {
        JsonObject mpiJob = DockerFolder.document("mpijob.yaml");
        assertThat(gpus(podsOfJob().getContainers().get(0))).contains(1);
        for (V1PodSpec pods :
                List.of(podsOfJob(), pods(mpiJob, "Worker"), pods(mpiJob, "Launcher"))) {
            assertThat(pods.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pods.getSecurityContext().getRunAsUser()).isEqualTo(USER);
            assertThat(pods.getSecurityContext().getSeccompProfile().getType())
                    .isEqualTo("RuntimeDefault");
            for (V1Container container : pods.getContainers()) {
                assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
                assertThat(container.getSecurityContext().getCapabilities().getDrop())
                        .containsExactly("ALL");
                assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
                assertThat(container.getResources().getLimits()).containsKeys("cpu", "memory");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "job.yaml, 0, spec, clusterIp, None",
                "job.yaml, 1, spec, completionmode, Indexed",
                "job.yaml, 1, spec, backoffLimit, none",
                "job.yaml, 1, spec.template.spec, restartpolicy, Never",
                "job.yaml, 1, spec.template.spec.securityContext, runAsUser, jhorovod",
                "job.yaml, 1, spec.template.spec.containers.0, imagePull, Always",
                "job.yaml, 1, spec.template.spec.containers.0.resources.limits, memory, much",
                "job.yaml, 1, spec.template.spec.containers.0.env.4.valueFrom.resourceFieldRef,"
                        + " path, x",
                "job.yaml, 1, spec.template.spec.volumes.0.secret, name, jhorovod",
                "trainjob.yaml, 0, spec, numNodes, 2",
                "trainjob.yaml, 0, spec.runtimeRef, kind, Runtime",
                "trainjob.yaml, 0, spec.trainer, numProcPerNode, auto",
                "trainjob.yaml, 0, spec.trainer, numNodes, two",
                "trainjob.yaml, 0, spec.trainer, resources, x",
                "trainjob.yaml, 0, spec.trainer.env.1, name, PET_NNODES",
                "trainjob.yaml, 0, spec.trainer.env.0.valueFrom.secretKeyRef, id, x",
                "trainjob.yaml, 0, spec.trainer.resourcesPerNode.limits, memory, much",
                "mpijob.yaml, 0, spec, slots, 1",
                "mpijob.yaml, 0, spec, slotsPerWorker, one",
                "mpijob.yaml, 0, spec.runPolicy, cleanPodPolicy, Sometimes",
                "mpijob.yaml, 0, spec.mpiReplicaSpecs, Chief, x",
                "mpijob.yaml, 0, spec.mpiReplicaSpecs.Launcher, replicas, 2",
                "mpijob.yaml, 0, spec.mpiReplicaSpecs.Worker, restartPolicy, Always",
                "mpijob.yaml, 0, spec.mpiReplicaSpecs.Worker.template, specs, x",
                "mpijob.yaml, 0, spec.mpiReplicaSpecs.Worker.template.spec.containers.0, cmd, x"
            })
    void manifest_isRefused_withAWrongField(
            String file, int document, String path, String field, String value) throws IOException {
        JsonElement manifest = DockerFolder.documents(file).get(document);
        check(file, document, manifest);
        DockerFolder.at(manifest, path).getAsJsonObject().add(field, JsonParser.parseString(value));
        assertThatThrownBy(() -> check(file, document, manifest))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void check(String file, int document, JsonElement manifest) throws IOException {
        if (file.equals("mpijob.yaml")) {
            Manifests.mpiJobPods(manifest, "Launcher");
            Manifests.mpiJobPods(manifest, "Worker");
        } else if (file.equals("trainjob.yaml")) {
            Manifests.trainJobContainer(manifest);
        } else if (document == 0) {
            Manifests.service(manifest);
        } else {
            Manifests.job(manifest);
        }
    }

    @Test
    void composeFile_hasTwoHostsAndALauncher_thatWaitsForThem() throws IOException {
        JsonObject services = DockerFolder.document("compose.yaml").getAsJsonObject("services");
        assertThat(services.keySet()).containsExactly("keys", "worker1", "worker2", "launcher");
        JsonObject launcher = services.getAsJsonObject("launcher");
        assertThat(launcher.get("command").toString())
                .contains("\"-np\",\"4\",\"-H\",\"worker1:2,worker2:2\",\"--ssh-port\",\"2222\"");
        for (String worker : List.of("worker1", "worker2")) {
            JsonObject service = services.getAsJsonObject(worker);
            assertThat(service.get("command").toString()).isEqualTo("[\"jhorovod-sshd\",\"2222\"]");
            assertThat(service.has("ports")).as("open to others").isFalse();
            assertThat(service.get("volumes")).isEqualTo(launcher.get("volumes"));
            assertThat(DockerFolder.at(launcher, "depends_on." + worker + ".condition"))
                    .hasToString("\"service_healthy\"");
            assertThat(DockerFolder.at(service, "depends_on.keys.condition"))
                    .hasToString("\"service_completed_successfully\"");
        }
        assertThat(DockerFolder.at(launcher, "build.dockerfile").getAsString())
                .isEqualTo("docker/Dockerfile");
    }

    private static V1Job job() throws IOException {
        return Manifests.job(DockerFolder.documents("job.yaml").get(1));
    }

    private static V1PodSpec podsOfJob() throws IOException {
        return job().getSpec().getTemplate().getSpec();
    }

    private static V1PodSpec pods(JsonObject mpiJob, String replicaType) throws IOException {
        return Manifests.mpiJobPods(mpiJob, replicaType).getSpec();
    }

    private static V1EnvVar variable(V1Container container, String name) {
        return container.getEnv().stream()
                .filter(variable -> variable.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Optional<Integer> gpus(V1Container container) {
        return Optional.ofNullable(container.getResources().getLimits().get("nvidia.com/gpu"))
                .map(Quantity::getNumber)
                .map(BigDecimal::intValueExact);
    }
}
