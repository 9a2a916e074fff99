package org.jhorovod.nccl;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.IntStream;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.RankProcesses;
import org.junit.jupiter.api.Tag;

/**
 * The bridge does what every backend does; on the GPUs of this machine, from one of them to all,
 * without DJL. For {@code -Pgpu}: where there is no GPU it fails, and says so.
 */
@Tag("gpu")
class GpuConformanceIT extends BackendConformance {

    @Override
    protected List<Integer> sizes() {
        return IntStream.rangeClosed(1, GpuRanks.most()).boxed().toList();
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
                        GpuRanks::environment)
                .run(group);
    }
}
