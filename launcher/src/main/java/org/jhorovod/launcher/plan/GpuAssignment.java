package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which GPU each rank of a host sees, so that it is the first and only one in every rank. Values
 * are those of CUDA_VISIBLE_DEVICES: numbers, {@code GPU-...} or {@code MIG-...}.
 */
public final class GpuAssignment {
    /** The variable by which CUDA hides GPUs from a process. */
    public static final String VARIABLE = "CUDA_VISIBLE_DEVICES";

    private static final Pattern ENTRY = Pattern.compile("[0-9]+|(GPU|MIG)-[A-Za-z0-9/-]+");
    private static final Pattern LISTED =
            Pattern.compile("^( *)(?:GPU|MIG) .*\\(UUID: ((?:GPU|MIG)-[A-Za-z0-9/-]+)\\)\\s*$");

    private GpuAssignment() {}

    /**
     * The entries of a value of CUDA_VISIBLE_DEVICES; as for CUDA itself, the first that is none,
     * such as -1, ends the list.
     */
    public static List<String> entries(String value) {
        List<String> entries = new ArrayList<>();
        for (String part : value.split(",", -1)) {
            if (!ENTRY.matcher(part.strip()).matches()) {
                break;
            }
            entries.add(part.strip());
        }
        return List.copyOf(entries);
    }

    /**
     * The GPUs that {@code nvidia-smi -L} lists, in its order; in place of a GPU that is divided,
     * its parts.
     */
    public static List<String> listed(String output) {
        List<String> gpus = new ArrayList<>();
        boolean isLastWhole = false;
        for (String line : output.lines().toList()) {
            Matcher matcher = LISTED.matcher(line);
            if (!matcher.matches()) {
                continue;
            }
            boolean isPart = !matcher.group(1).isEmpty();
            if (isPart && isLastWhole) {
                gpus.remove(gpus.size() - 1);
            }
            isLastWhole = !isPart;
            gpus.add(matcher.group(2));
        }
        return List.copyOf(gpus);
    }

    /**
     * The ranks of a host, in the order of their local ranks, each with a GPU of its own; where
     * there are more ranks than GPUs, some share.
     *
     * @param gpus of the host, at least one
     */
    public static List<RankPlan> assign(List<RankPlan> ranks, List<String> gpus) {
        List<RankPlan> assigned = new ArrayList<>();
        for (int localRank = 0; localRank < ranks.size(); localRank++) {
            assigned.add(
                    ranks.get(localRank)
                            .with(
                                    new EnvironmentChange(
                                            VARIABLE, gpus.get(localRank % gpus.size()))));
        }
        return List.copyOf(assigned);
    }
}
