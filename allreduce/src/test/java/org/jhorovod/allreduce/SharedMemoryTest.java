package org.jhorovod.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.collective.DataType;
import org.jhorovod.allreduce.collective.HostTensor;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.collective.ReduceOp;
import org.jhorovod.allreduce.collective.RegisteredMemory;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks of one host that share memory, or cannot; they are threads here. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SharedMemoryTest {
    private static final int COUNT = 100_000;

    @TempDir Path folder;

    private InProcessCluster start(String transport, Path sharedMemory) {
        Map<Setting<?>, String> settings = new HashMap<>();
        settings.put(Settings.TRANSPORT, transport);
        settings.put(Settings.SHARED_MEMORY_FOLDER, sharedMemory.toString());
        settings.put(Settings.OPERATION_TIMEOUT, "20");
        return PretendedHosts.start(PretendedHosts.of(2), Configuration.of(settings));
    }

    @Test
    void ranksWithoutSharedMemory_useUnixSockets() {
        try (InProcessCluster cluster = start("auto", folder.resolve("none"))) {
            assertThat(cluster.run(Communicator::transportName)).containsOnly("unix");
        }
    }

    @Test
    void ranksThatHaveToShareMemory_areToldWhyTheyCannot() {
        assertThatThrownBy(() -> start("shm", folder.resolve("none")))
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(
                        "on rank 0", folder + "/none", "JHOROVOD_SHARED_MEMORY_FOLDER");
    }

    @Test
    void noFileIsLeft_onceRanksShareMemory() {
        try (InProcessCluster cluster = start("shm", folder)) {
            assertThat(folder).isEmptyDirectory();
            cluster.run(
                    communicator -> {
                        try (RegisteredMemory memory =
                                communicator.allocate(DataType.FLOAT32, COUNT)) {
                            assertThat(memory.tensor().registration()).isPresent();
                            communicator.barrier("allocated");
                            assertThat(folder).isEmptyDirectory();
                            return "";
                        }
                    });
        }
    }

    @Test
    void registeredAndOrdinaryTensors_areReducedTogether() {
        try (InProcessCluster cluster = start("shm", folder)) {
            assertThat(cluster.run(SharedMemoryTest::reduceMixed)).containsOnly(3f * COUNT);
        }
    }

    private static float reduceMixed(Communicator communicator) {
        try (RegisteredMemory memory = communicator.allocate(DataType.FLOAT32, COUNT)) {
            HostTensor tensor =
                    communicator.rank() == 0
                            ? memory.tensor()
                            : HostTensor.allocate(DataType.FLOAT32, COUNT);
            ByteBuffer buffer = tensor.buffers().get(0);
            for (int i = 0; i < COUNT; i++) {
                buffer.putFloat(i * Float.BYTES, 1 + communicator.rank());
            }
            communicator.allReduce("mixed", tensor, ReduceOp.SUM);
            float sum = 0;
            for (int i = 0; i < COUNT; i++) {
                sum += buffer.getFloat(i * Float.BYTES);
            }
            return sum;
        }
    }

    @Test
    void memoryThatIsClosed_isRefusedAtTheCall() {
        try (InProcessCluster cluster = start("shm", folder)) {
            cluster.run(
                    communicator -> {
                        RegisteredMemory memory = communicator.allocate(DataType.FLOAT32, COUNT);
                        HostTensor tensor = memory.tensor();
                        memory.close();
                        assertThatThrownBy(
                                        () -> communicator.allReduce("late", tensor, ReduceOp.SUM))
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContaining("FLOAT32[100000], is closed");
                        return "";
                    });
        }
    }

    @Test
    void allocationsThatDiffer_areAMismatch() {
        try (InProcessCluster cluster = start("shm", folder)) {
            cluster.run(
                    communicator -> {
                        assertThatThrownBy(
                                        () ->
                                                communicator.allocate(
                                                        DataType.FLOAT32, 1 + communicator.rank()))
                                .isInstanceOf(MismatchException.class)
                                .hasMessageContainingAll(
                                        "allocation of 'memory' FLOAT32[1]", "FLOAT32[2]");
                        return "";
                    });
        }
    }
}
