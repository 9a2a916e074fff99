package org.jhorovod.nccl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.global.cudart;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.ranks.RankGroup;
import org.jhorovod.allreduce.spi.Availability;

/**
 * Ranks on the GPUs of this machine, for {@code -Pgpu}: one each. Where there is one GPU, two ranks
 * share it, so that sums are sums: NCCL lets ranks of different hosts do so, and each says that it
 * is on a host of its own, so that they speak through sockets.
 */
final class GpuRanks {
    private static final int SHARERS = 2;

    private GpuRanks() {}

    /** How many ranks there can be, at least two; fails where there is no GPU, and says so. */
    static int most() {
        return Math.max(SHARERS, countGpus());
    }

    private static int countGpus() {
        Availability availability = new NcclBackendProvider().probe(Configuration.fromProcess());
        assertThat(availability.isAvailable())
                .as("-Pgpu tests on GPUs, but " + availability.details())
                .isTrue();
        assertThat(availability.details())
                .as("-Pgpu tests on GPUs, and not on a double")
                .doesNotContain("test double");
        int[] count = new int[1];
        CudaException.check(cudart.cudaGetDeviceCount(count), "cudaGetDeviceCount");
        return count[0];
    }

    /** The variables of a rank. */
    static Map<String, String> environment(int rank) {
        Map<String, String> variables = new HashMap<>();
        int gpus = countGpus();
        variables.put("JHOROVOD_BACKEND", "nccl");
        variables.put("CUDA_VISIBLE_DEVICES", Integer.toString(rank % gpus));
        if (gpus == 1) {
            variables.put("NCCL_HOSTID", "rank-" + rank);
        }
        String libraries = System.getenv("JHOROVOD_NCCL_LIBRARIES");
        if (libraries != null) {
            variables.put("JHOROVOD_NCCL_LIBRARIES", libraries);
        }
        return variables;
    }

    /**
     * Starts a group.
     *
     * @param more further variables of all ranks
     */
    static RankGroup start(int size, Map<String, String> more) {
        return RankGroup.start(
                size,
                List.of(),
                rank -> {
                    Map<String, String> variables = environment(rank);
                    variables.putAll(more);
                    return variables;
                });
    }
}
