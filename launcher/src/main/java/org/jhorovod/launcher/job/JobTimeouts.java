package org.jhorovod.launcher.job;

import java.time.Duration;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;

/**
 * How long the launcher waits, as users have set it.
 *
 * @param start until all hosts have answered
 * @param liveness until a host that is silent counts as lost
 * @param handshake until a silent connection to the rendezvous is closed
 */
public record JobTimeouts(Duration start, Duration liveness, Duration handshake) {

    /** Reads them. */
    public static JobTimeouts of(Configuration configuration) {
        return new JobTimeouts(
                configuration.get(Settings.START_TIMEOUT),
                configuration.get(Settings.LIVENESS_TIMEOUT),
                configuration.get(Settings.HANDSHAKE_TIMEOUT));
    }
}
