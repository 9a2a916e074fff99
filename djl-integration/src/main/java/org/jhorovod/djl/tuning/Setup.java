package org.jhorovod.djl.tuning;

import java.util.Locale;
import org.jhorovod.allreduce.config.Settings.ReduceChoice;

/**
 * How gradients are reduced, as far as it is tuned.
 *
 * @param bucketMib how large a bucket may grow; 0 where each gradient has one
 * @param reduce when, and on which thread
 */
public record Setup(int bucketMib, ReduceChoice reduce) {

    public Setup withBucketMib(int mib) {
        return new Setup(mib, reduce);
    }

    public Setup withReduce(ReduceChoice choice) {
        return new Setup(bucketMib, choice);
    }

    /** By the names of the settings. */
    public String describe() {
        return "JHOROVOD_BUCKET_MIB=%d JHOROVOD_REDUCE=%s"
                .formatted(bucketMib, reduce.name().toLowerCase(Locale.ROOT));
    }
}
