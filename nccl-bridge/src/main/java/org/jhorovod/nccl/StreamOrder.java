package org.jhorovod.nccl;

/*
 * Note [Order without waiting]
 *   compute stream   ... gradient | ready                              (waits for end) optimizer ...
 *   our own stream                  (waits for ready) collective | end
 * The host only says so, and goes on. Without "ready" the collective reads a gradient that is not
 * there yet; without "end" the optimizer reads what is not reduced yet.
 */
/** The order between the caller's stream and ours; see Note [Order without waiting]. */
interface StreamOrder {

    /** Lets what is added to our stream wait for all that the caller's has now. */
    void computeBeforeCollective(CudaStream compute, CudaEvent ready, CudaStream own);

    /** Lets what is added to the caller's stream wait for all that ours has now. */
    void collectiveBeforeCompute(CudaStream own, CudaEvent end, CudaStream compute);
}
