package org.jhorovod.allreduce.timeline;

import java.util.List;
import org.jhorovod.allreduce.config.ShownSetting;
import org.jhorovod.allreduce.rendezvous.Store;

/**
 * What rank 0 needs to leave a summary for the launcher's report.
 *
 * @param store that the launcher reads; stays the caller's to close
 * @param generation how often the job had been formed before
 * @param round how often this process had shut it down in this generation
 * @param settings those in force
 */
public record ReportPlan(Store store, int generation, int round, List<ShownSetting> settings) {

    /** Copies the list. */
    public ReportPlan {
        settings = List.copyOf(settings);
    }
}
