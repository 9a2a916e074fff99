package org.jhorovod.nccl;

/** The order that holds; see Note [Order without waiting]. */
final class EventOrder implements StreamOrder {

    @Override
    public void computeBeforeCollective(CudaStream compute, CudaEvent ready, CudaStream own) {
        ready.record(compute);
        own.await(ready);
    }

    @Override
    public void collectiveBeforeCompute(CudaStream own, CudaEvent end, CudaStream compute) {
        end.record(own);
        compute.await(end);
    }
}
