package org.jhorovod.djl;

import java.nio.file.Path;
import java.util.Optional;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;

/**
 * What is to be tuned while training goes on. What somebody has set by hand stays.
 *
 * @param isOn whether anything is
 * @param tunesBuckets whether the size of buckets is
 * @param tunesReduce whether it is when gradients are reduced
 * @param log what rank 0 writes of it, if anything
 */
record Autotune(boolean isOn, boolean tunesBuckets, boolean tunesReduce, Optional<Path> log) {

    /**
     * From the settings.
     *
     * @param areBucketsGiven whether the program has set their size
     * @param isReduceGiven whether the program has set when gradients are reduced
     */
    static Autotune of(Configuration settings, boolean areBucketsGiven, boolean isReduceGiven) {
        return new Autotune(
                settings.get(Settings.AUTOTUNE),
                !areBucketsGiven && !settings.isSet(Settings.BUCKET_MIB),
                !isReduceGiven && !settings.isSet(Settings.REDUCE),
                settings.find(Settings.AUTOTUNE_LOG));
    }
}
