package org.jhorovod.nccl;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.jhorovod.allreduce.conformance.BackendConformance;
import org.jhorovod.allreduce.conformance.ConformanceGroup;
import org.jhorovod.allreduce.conformance.Outcome;
import org.jhorovod.allreduce.conformance.RankProcesses;

/** The bridge does what every backend does; on the double of NCCL. */
@NeedsDouble
class NcclConformanceIT extends BackendConformance {

    @Override
    protected List<Integer> sizes() {
        return IS_LONG ? List.of(1, 2, 3, 4) : List.of(1, 2, 4);
    }

    @Override
    protected boolean worksOnDevices() {
        return true;
    }

    @Override
    protected boolean startsProcesses() {
        return true;
    }

    @Override
    protected List<Outcome> run(ConformanceGroup group) throws IOException, InterruptedException {
        String libraries = NativeDouble.likeASystem().folder().toString();
        return new RankProcesses(
                        InetAddress.getLoopbackAddress(),
                        DeviceRank.class.getName(),
                        List.of("-XX:TieredStopAtLevel=1"),
                        rank ->
                                Map.of(
                                        "JHOROVOD_BACKEND",
                                        "nccl",
                                        "JHOROVOD_NCCL_LIBRARIES",
                                        libraries,
                                        "NCCL_DOUBLE_SNAPSHOT",
                                        "1"))
                .run(group);
    }
}
