package org.jhorovod.allreduce.config;

import static org.jhorovod.allreduce.config.SettingKinds.flag;
import static org.jhorovod.allreduce.config.SettingKinds.integer;
import static org.jhorovod.allreduce.config.SettingKinds.path;
import static org.jhorovod.allreduce.config.SettingKinds.text;

import java.nio.file.Path;
import java.util.List;

/** What a launcher tells a rank; a part of {@link Settings}, by which they are named. */
abstract class LauncherSettings {
    public static final Setting<Integer> RANK =
            integer("RANK", null, 0, "Number of this process; set by the launcher.");
    public static final Setting<Integer> SIZE =
            integer("SIZE", null, 1, "How many processes the job has; set by the launcher.");
    public static final Setting<Integer> LOCAL_RANK =
            integer("LOCAL_RANK", null, 0, "Number of this process on its host.");
    public static final Setting<Integer> LOCAL_SIZE =
            integer("LOCAL_SIZE", null, 1, "How many processes of the job run on this host.");
    public static final Setting<Integer> CROSS_RANK =
            integer("CROSS_RANK", null, 0, "Number of this host among those with this local rank.");
    public static final Setting<Integer> CROSS_SIZE =
            integer("CROSS_SIZE", null, 1, "How many hosts have a process with this local rank.");
    public static final Setting<Integer> GENERATION =
            integer("GENERATION", "0", 0, "How often the job has been formed before.");
    public static final Setting<String> HOST =
            text("HOST", null, "Name of this host in messages; the system's name if not set.");
    public static final Setting<String> RENDEZVOUS =
            text(
                    "RENDEZVOUS",
                    null,
                    "host:port where the ranks meet; several, by commas, of one store.");
    public static final Setting<String> RUN_ID =
            text("RUN_ID", null, "Name of this run, the same on all ranks.");
    public static final Setting<Path> SECRET_FILE =
            path("SECRET_FILE", "File that holds the job's secret; readable by its owner only.");
    public static final Setting<String> SECRET =
            text(
                    "SECRET",
                    null,
                    "The job's secret, where no file of the launcher reaches a rank; not taken from"
                            + " a system property, which others could read.");

    public static final Setting<Boolean> REPORT =
            flag("REPORT", false, "Whether rank 0 sums the run up for the launcher's report.");

    LauncherSettings() {}

    /** What the launcher sets for each rank; not meant for users. */
    public static List<Setting<?>> ofLauncher() {
        return List.of(
                RANK,
                SIZE,
                LOCAL_RANK,
                LOCAL_SIZE,
                CROSS_RANK,
                CROSS_SIZE,
                GENERATION,
                HOST,
                RENDEZVOUS,
                RUN_ID,
                REPORT,
                SECRET_FILE,
                SECRET);
    }
}
