package org.jhorovod.launcher.job;

import java.time.Duration;

/**
 * How long a failing job may take to end.
 *
 * @param grace from a rank's failure, or from the launcher's own SIGTERM, to the next step
 * @param afterTerm from SIGTERM to SIGKILL once the grace time is over
 * @param afterKill from SIGKILL until the launcher waits no longer
 */
record JobTimes(Duration grace, Duration afterTerm, Duration afterKill) {
    static final JobTimes STANDARD =
            new JobTimes(Duration.ofSeconds(5), Duration.ofSeconds(3), Duration.ofSeconds(5));
}
