package org.jhorovod.allreduce.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** An environment, in which each line is a variable. */
class ConfigurationFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        """
                        OMPI_COMM_WORLD_RANK=0
                        OMPI_COMM_WORLD_SIZE=2
                        OMPI_COMM_WORLD_LOCAL_RANK=0
                        OMPI_COMM_WORLD_LOCAL_SIZE=2
                        PMIX_SERVER_TMPDIR=/\0
                        """,
                        """
                        JHOROVOD_RANK=1
                        JHOROVOD_SIZE=2
                        JHOROVOD_LOCAL_RANK=0
                        JHOROVOD_SECRET_FILE=/a/b
                        JHOROVOD_TRANSPORT=shm
                        """,
                        """
                        OMPI_COMM_WORLD_RANK=0
                        OMPI_COMM_WORLD_SIZE=2
                        OMPI_COMM_WORLD_LOCAL_RANK=0
                        OMPI_COMM_WORLD_LOCAL_SIZE=2
                        PMIX_SERVER_TMPDIR=/tmp
                        """,
                        """
                        SLURM_PROCID=1
                        SLURM_STEP_NUM_TASKS=3
                        SLURM_LOCALID=0
                        SLURM_NODEID=1
                        SLURM_STEP_NODELIST=n[1-2]
                        SLURM_STEP_TASKS_PER_NODE=1,2
                        SLURM_JOB_ID=1
                        SLURM_STEP_ID=0
                        HOME=/\0
                        """,
                        """
                        PET_NODE_RANK=0
                        PET_NNODES=2
                        PET_NPROC_PER_NODE=auto
                        PET_MASTER_ADDR=a
                        PET_MASTER_PORT=1
                        """,
                        """
                        JHOROVOD_START_TIMEOUT_SECONDS=0.5
                        JHOROVOD_BUCKET_MIB=8
                        JHOROVOD_REDUCE=step
                        JHOROVOD_SEED=-1
                        """)
                .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "1m")
    void anEnvironment_isRefusedWithItsFaults_orHasValuesInRange(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Map<String, String> environment = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            environment.put(line.substring(0, Math.max(0, equals)), line.substring(equals + 1));
        }
        Configuration configuration;
        try {
            configuration = Configuration.from(name -> null, environment::get);
        } catch (ConfigurationException e) {
            assertThat(e).hasMessageContaining("must be");
            return;
        }
        assertThat(configuration.find(Settings.RANK).orElse(0))
                .isLessThan(configuration.find(Settings.SIZE).orElse(Integer.MAX_VALUE));
        assertThat(configuration.get(Settings.START_TIMEOUT)).isPositive();
        assertThat(configuration.sharedMemoryFolder()).isNotNull();
        assertThat(configuration.meetingFolder()).isNotNull();
    }
}
