package org.jhorovod.allreduce.config;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A launcher that is not ours, and the environment variables by which its ranks know their place.
 * They count where {@code JHOROVOD_RANK} and {@code JHOROVOD_SIZE} are both missing.
 */
enum ForeignLauncher {
    /** Open MPI's {@code mpirun}. */
    OPEN_MPI(
            List.of(
                    "OMPI_COMM_WORLD_RANK",
                    "OMPI_COMM_WORLD_SIZE",
                    "OMPI_COMM_WORLD_LOCAL_RANK",
                    "OMPI_COMM_WORLD_LOCAL_SIZE")) {
        @Override
        void fill(ForeignPlace place) {
            place.take(Settings.RANK, "OMPI_COMM_WORLD_RANK");
            place.take(Settings.SIZE, "OMPI_COMM_WORLD_SIZE");
            place.take(Settings.LOCAL_RANK, "OMPI_COMM_WORLD_LOCAL_RANK");
            place.take(Settings.LOCAL_SIZE, "OMPI_COMM_WORLD_LOCAL_SIZE");
        }
    },
    /** Slurm's {@code srun}; a batch script and salloc's shell do not have all of these. */
    SLURM(SlurmStep.VARIABLES) {
        @Override
        void fill(ForeignPlace place) {
            SlurmStep.fill(place);
        }
    },
    /** Kubeflow's Trainer of version 2 with its runtime for PyTorch: each pod is a rank. */
    KUBEFLOW_TRAINER(
            List.of(
                    "PET_NODE_RANK",
                    "PET_NNODES",
                    "PET_NPROC_PER_NODE",
                    "PET_MASTER_ADDR",
                    "PET_MASTER_PORT")) {
        @Override
        void fill(ForeignPlace place) {
            requireOneRankAPod(place.value("PET_NPROC_PER_NODE"));
            place.take(Settings.RANK, "PET_NODE_RANK");
            place.take(Settings.SIZE, "PET_NNODES");
            String address = place.value("PET_MASTER_ADDR") + ":" + place.value("PET_MASTER_PORT");
            place.put(Settings.RENDEZVOUS, "PET_MASTER_ADDR", address);
        }
    };

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> variables;

    ForeignLauncher(List<String> variables) {
        this.variables = variables;
    }

    /** The one whose variables are all there. */
    static Optional<ForeignLauncher> detect(UnaryOperator<@Nullable String> environment) {
        for (ForeignLauncher launcher : values()) {
            if (new ForeignPlace(launcher.variables, environment).has(launcher.variables)) {
                return Optional.of(launcher);
            }
        }
        return Optional.empty();
    }

    /**
     * What its variables say.
     *
     * @throws IllegalArgumentException with the variable that cannot be used, and why
     */
    ForeignPlace place(UnaryOperator<@Nullable String> environment) {
        ForeignPlace place = new ForeignPlace(variables, environment);
        fill(place);
        return place;
    }

    /** Turns its variables into our settings. */
    abstract void fill(ForeignPlace place);

    /** Where nobody asks for a number, the operator writes a word, or the number of cores. */
    private static void requireOneRankAPod(String number) {
        if (!List.of("1", "auto", "gpu", "cpu").contains(number)) {
            throw new IllegalArgumentException(
                    "PET_NPROC_PER_NODE is '%s', but must be: 1. (Each pod is one rank; write numProcPerNode: 1 into the TrainJob, and the number of ranks as numNodes.)"
                            .formatted(number));
        }
    }

    /**
     * A pod of an Indexed Job of Kubernetes, which is told its number, but not how many there are:
     * that is for {@code JHOROVOD_SIZE} to say.
     */
    static Optional<ForeignPlace> indexedJob(UnaryOperator<@Nullable String> environment) {
        String index = "JOB_COMPLETION_INDEX";
        ForeignPlace place = new ForeignPlace(List.of(index), environment);
        if (!place.has(List.of(index))) {
            return Optional.empty();
        }
        place.take(Settings.RANK, index);
        return Optional.of(place);
    }
}
