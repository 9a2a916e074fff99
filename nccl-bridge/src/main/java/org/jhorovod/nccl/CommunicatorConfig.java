package org.jhorovod.nccl;

import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.javacpp.Pointer;

/*
 * NCCL's initialiser of this structure is a macro of its C header, so the bindings lack it. It
 * begins with size, magic number and version of the header that the program was built with; fields
 * were added at the end over time. The structure here is that of 2.27; to an older NCCL we say that
 * ours is as short as its own, so that it never sees a field that it does not know.
 */
/** NCCL's settings of one communicator: everything undefined, which is the default, but waiting. */
final class CommunicatorConfig {
    static final int MAGIC = 0xcafebeef;
    static final int UNDEFINED = Integer.MIN_VALUE;

    /** Up to and with splitShare, as in 2.18 to 2.26. */
    static final int SIZE_BEFORE_2_27 = 48;

    private static final NcclVersion FIRST_WITH_ALL_FIELDS = new NcclVersion(22_700);

    private CommunicatorConfig() {}

    /** For a communicator whose calls return at once and are asked for their state. */
    static ncclConfig_t nonBlocking(NcclVersion version) {
        boolean hasAllFields = version.compareTo(FIRST_WITH_ALL_FIELDS) >= 0;
        ncclConfig_t config = new ncclConfig_t();
        Pointer.memset(config, 0, config.sizeof());
        config.size(hasAllFields ? config.sizeof() : SIZE_BEFORE_2_27);
        config.magic(MAGIC);
        config.version(version.code());
        config.cgaClusterSize(UNDEFINED);
        config.minCTAs(UNDEFINED);
        config.maxCTAs(UNDEFINED);
        config.splitShare(UNDEFINED);
        config.trafficClass(UNDEFINED);
        config.collnetEnable(UNDEFINED);
        config.CTAPolicy(UNDEFINED);
        config.shrinkShare(UNDEFINED);
        config.nvlsCTAs(UNDEFINED);
        config.blocking(0);
        return config;
    }
}
