package org.jhorovod.nccl;

import java.nio.file.Path;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;

/** The switches and counters of the double in this process. */
final class DoubleControl {
    private final SharedLibrary runtime;

    private DoubleControl(SharedLibrary runtime) {
        this.runtime = runtime;
    }

    /** Of the double that the settings name. */
    static DoubleControl ofThisProcess() throws NcclUnavailableException {
        Path folder = Path.of(Configuration.fromProcess().get(Settings.NCCL_LIBRARIES));
        return in(folder.resolve("libcudart.so.12"));
    }

    static DoubleControl in(Path runtime) throws NcclUnavailableException {
        return new DoubleControl(SharedLibrary.load(runtime.toString()));
    }

    /** Sets a switch, such as {@code COPY_DELAY_MICROS}. */
    void set(String name, long value) {
        runtime.call("jhorovod_double_set", "NCCL_DOUBLE_" + name, value);
    }

    /** What has been counted under a name. */
    int count(String what) {
        return runtime.call("jhorovod_double_count", what);
    }
}
