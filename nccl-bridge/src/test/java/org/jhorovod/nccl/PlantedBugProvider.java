package org.jhorovod.nccl;

import org.jhorovod.allreduce.collective.DeviceTensor;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.spi.Availability;
import org.jhorovod.allreduce.spi.Backend;
import org.jhorovod.allreduce.spi.DeviceMemoryProvider;
import org.jhorovod.allreduce.spi.Peers;
import org.jspecify.annotations.Nullable;

/**
 * NCCL with a step of the order between streams left out, as {@code NCCL_TEST_LEAVE_OUT} says. On
 * the tests' class path it comes before the real one.
 */
public final class PlantedBugProvider implements DeviceMemoryProvider {
    private static final @Nullable String LEFT_OUT = System.getenv("NCCL_TEST_LEAVE_OUT");

    @Override
    public String name() {
        return "nccl";
    }

    @Override
    public Availability probe(Configuration configuration) {
        return LEFT_OUT == null
                ? Availability.unavailable("no bug is planted.")
                : new NcclBackendProvider().probe(configuration);
    }

    @Override
    public Backend<DeviceTensor> open(Peers peers) {
        return NcclBackendProvider.open(peers, new Faulty(new EventOrder(), LEFT_OUT));
    }

    private record Faulty(StreamOrder order, @Nullable String leftOut) implements StreamOrder {

        @Override
        public void computeBeforeCollective(CudaStream compute, CudaEvent ready, CudaStream own) {
            if ("ready".equals(leftOut)) {
                return;
            }
            order.computeBeforeCollective(compute, ready, own);
        }

        @Override
        public void collectiveBeforeCompute(CudaStream own, CudaEvent end, CudaStream compute) {
            if ("end".equals(leftOut)) {
                end.record(own);
                return;
            }
            order.collectiveBeforeCompute(own, end, compute);
        }
    }
}
