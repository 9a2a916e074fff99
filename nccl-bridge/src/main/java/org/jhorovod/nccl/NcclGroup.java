package org.jhorovod.nccl;

import org.bytedeco.cuda.global.nccl;

/** Calls that NCCL launches together; keeps the first result that is no success. */
final class NcclGroup {
    private int result = nccl.ncclSuccess;

    private NcclGroup() {}

    /** Begins a group, which is to be ended whatever its calls say. */
    static NcclGroup begin() {
        NcclGroup group = new NcclGroup();
        group.launched(nccl.ncclGroupStart());
        return group;
    }

    /** Notes the result of a call. */
    void launched(int callResult) {
        result = result == nccl.ncclSuccess ? callResult : result;
    }

    /** Launches all; returns the first result that is no success. */
    int end() {
        launched(nccl.ncclGroupEnd());
        return result;
    }
}
