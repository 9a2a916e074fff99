package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;

/** The command line that runs something on another node of this Slurm allocation. */
public final class SrunCommand {
    /** What users set for steps of theirs: labels before lines, and a share of the GPUs. */
    private static final List<String> OF_OTHER_STEPS =
            List.of("SLURM_LABELIO", "SLURM_GPUS_PER_TASK", "SLURM_TRES_PER_TASK");

    private SrunCommand() {}

    /**
     * The words of a call of srun whose step takes nothing from others, and leaves its process
     * whatever the job has on that node.
     *
     * @param node as Slurm calls it
     * @param remoteWords what to run there
     */
    public static List<String> of(String node, List<String> remoteWords) {
        List<String> words = new ArrayList<>(List.of("env"));
        for (String variable : OF_OTHER_STEPS) {
            words.addAll(List.of("-u", variable));
        }
        words.addAll(List.of("srun", "--nodelist=" + node, "--nodes=1", "--ntasks=1"));
        // Beside what else runs there, on all its cores and with all its memory.
        words.addAll(List.of("--overlap", "--cpu-bind=none", "--mem=0"));
        words.addAll(List.of("--mpi=none", "--export=ALL"));
        words.addAll(List.of("--input=all", "--output=all", "--error=all"));
        // Bytes travel as they come, and do not wait for the end of a line.
        words.add("--unbuffered");
        words.addAll(remoteWords);
        return List.copyOf(words);
    }
}
