package org.jhorovod.allreduce.config;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The call of {@code srun} that this process is a task of.
 *
 * @param name of the step, which no other of the cluster has, fit for the name of a file
 */
public record SlurmStep(String name) {
    private static final String RANK = "SLURM_PROCID";
    private static final String SIZE = "SLURM_STEP_NUM_TASKS";
    private static final String LOCAL_RANK = "SLURM_LOCALID";
    private static final String NODE = "SLURM_NODEID";
    private static final String NODES = "SLURM_STEP_NODELIST";
    private static final String TASKS = "SLURM_STEP_TASKS_PER_NODE";
    private static final String JOB_ID = "SLURM_JOB_ID";
    private static final String STEP_ID = "SLURM_STEP_ID";

    /** By these a task knows its place. */
    static final List<String> VARIABLES =
            List.of(RANK, SIZE, LOCAL_RANK, NODE, NODES, TASKS, JOB_ID, STEP_ID);

    /** Turns Slurm's variables into our settings. */
    static void fill(ForeignPlace place) {
        place.take(Settings.RANK, RANK);
        place.take(Settings.SIZE, SIZE);
        place.take(Settings.LOCAL_RANK, LOCAL_RANK);
        List<Integer> tasks = read(place, TASKS, "numbers as 2(x3),1", SlurmList::counts);
        List<String> nodes = read(place, NODES, "nodes as n[1-3],m", SlurmList::nodes);
        int node = number(place, NODE);
        int localRank = number(place, LOCAL_RANK);
        requireFit(place, tasks, nodes, node);
        place.put(Settings.LOCAL_SIZE, TASKS, tasks.get(node));
        place.put(Settings.CROSS_RANK, NODE, nodesWith(localRank, tasks.subList(0, node)));
        place.put(Settings.CROSS_SIZE, TASKS, nodesWith(localRank, tasks));
        place.put(Settings.HOST, NODES, nodes.get(node));
    }

    private static <T> T read(
            ForeignPlace place, String variable, String range, Function<String, T> reader) {
        String text = place.value(variable);
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "%s is '%s', but must be: %s. (%s)"
                            .formatted(variable, text, range, e.getMessage()),
                    e);
        }
    }

    private static int number(ForeignPlace place, String variable) {
        return read(place, variable, "whole number from 0", SlurmStep::number);
    }

    private static int number(String text) {
        if (!text.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException("no such number");
        }
        return Integer.parseInt(text);
    }

    private static void requireFit(
            ForeignPlace place, List<Integer> tasks, List<String> nodes, int node) {
        long sum = tasks.stream().mapToLong(Integer::longValue).sum();
        if (tasks.size() != nodes.size()
                || node >= nodes.size()
                || number(place, LOCAL_RANK) >= tasks.get(node)
                || sum != number(place, SIZE)) {
            List<String> words =
                    Stream.of(SIZE, LOCAL_RANK, NODE, NODES, TASKS)
                            .map(variable -> variable + "=" + place.value(variable))
                            .toList();
            throw new IllegalArgumentException(
                    "Slurm's variables do not fit together, but must be of one step that is the whole job, started by one srun without --het-group: %s."
                            .formatted(String.join(" ", words)));
        }
    }

    private static int nodesWith(int localRank, List<Integer> tasks) {
        return (int) tasks.stream().filter(count -> count > localRank).count();
    }

    /** The step that these variables are of. */
    static SlurmStep read(UnaryOperator<@Nullable String> environment) {
        String name =
                Stream.of("SLURM_CLUSTER_NAME", JOB_ID, "SLURM_RESTART_COUNT", STEP_ID)
                        .map(
                                variable ->
                                        Objects.requireNonNullElse(
                                                environment.apply(variable), "0"))
                        .collect(Collectors.joining("-"));
        return new SlurmStep(name.replaceAll("[^A-Za-z0-9-]", "_"));
    }
}
