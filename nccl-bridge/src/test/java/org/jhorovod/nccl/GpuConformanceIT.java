package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.cuda.global.cudart;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.jhorovod.allreduce.spi.Availability;
import org.junit.jupiter.api.Tag;

/**
 * The bridge does what every backend does; on the GPUs of this machine, from one of them to all,
 * without DJL. For {@code -Pgpu}: where there is no GPU it fails, and says so.
 */
@Tag("gpu")
class GpuConformanceIT extends BackendConformance {

    @Override
    protected List<Integer> sizes() {
        Availability availability = new NcclBackendProvider().probe(Configuration.fromProcess());
        assertThat(availability.isAvailable())
                .as("-Pgpu tests on GPUs, but " + availability.details())
                .isTrue();
        assertThat(availability.details())
                .as("-Pgpu tests on GPUs, and not on a double")
                .doesNotContain("test double");
        int[] count = new int[1];
        CudaException.check(cudart.cudaGetDeviceCount(count), "cudaGetDeviceCount");
        return IntStream.rangeClosed(1, count[0]).boxed().toList();
    }

    @Override
    protected boolean worksOnDevices() {
        return true;
    }

    @Override
    protected List<Outcome> run(ConformanceGroup group) throws IOException, InterruptedException {
        return new RankProcesses(
                        InetAddress.getLoopbackAddress(),
                        DeviceRank.class.getName(),
                        List.of(),
                        rank ->
                                Map.of(
                                        "JHOROVOD_BACKEND",
                                        "nccl",
                                        "CUDA_VISIBLE_DEVICES",
                                        Integer.toString(rank)))
                .run(group);
    }
}
