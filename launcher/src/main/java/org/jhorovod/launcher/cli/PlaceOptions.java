package org.jhorovod.launcher.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.job.ThisHost;
import org.jhorovod.launcher.plan.HostList;
import org.jhorovod.launcher.plan.HostSlots;
import org.jhorovod.launcher.plan.Hostfile;
import org.jhorovod.launcher.plan.SlotAssignment;
import org.jhorovod.launcher.plan.SlurmAllocation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many ranks run, and where. */
final class PlaceOptions {
    /** Where the MPI operator of Kubeflow names a hostfile, for Open MPI to find. */
    private static final String OF_OPERATOR = "OMPI_MCA_orte_default_hostfile";

    @Option(
            names = "-np",
            paramLabel = "N",
            description = "How many ranks to start. Without it: as many as the hosts have slots.")
    private @Nullable Integer size;

    @Option(
            names = {"-H", "--hosts"},
            paramLabel = "HOST:SLOTS,...",
            description =
                    "Hosts with slots, as h1:2,[fd00::2]:4,h3 (one slot without a number). If not"
                            + " given: the nodes of Slurm's allocation, or else this host.")
    private @Nullable String hosts;

    @Option(
            names = "--hostfile",
            paramLabel = "FILE",
            description = "The same in a file, as lines \"h1 slots=2\".")
    private @Nullable String hostfile;

    private @Nullable List<HostSlots> known; // null until read, which a pipe can be only once

    /** Whether the hosts are those of a Slurm allocation, where srun leads to the others. */
    boolean areOfSlurm(Map<String, String> environment) {
        return hosts == null
                && hostfile(environment).isEmpty()
                && SlurmAllocation.hosts(environment).isPresent();
    }

    /**
     * One place per rank, in rank order.
     *
     * @param environment of the launcher, in which Slurm or an operator may name the hosts
     * @throws UsageException if there are none, or too few
     */
    List<Topology> places(Map<String, String> environment) {
        try {
            requireSize(environment);
            List<HostSlots> slots = slots(environment);
            List<Topology> places = SlotAssignment.assign(size == null ? sum(slots) : size, slots);
            requireOneNameForThisHost(places);
            return places;
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private void requireSize(Map<String, String> environment) {
        if (hosts != null && hostfile != null) {
            throw new UsageException("-H and --hostfile both say where to run; give one of them");
        }
        boolean isHere =
                hosts == null && hostfile(environment).isEmpty() && !areOfSlurm(environment);
        if (size == null && isHere) {
            throw new UsageException("the number of ranks is missing; add -np N");
        }
        if (size != null && size < 1) {
            throw new UsageException("-np is %d, but a job has at least 1 rank".formatted(size));
        }
    }

    private Optional<String> hostfile(Map<String, String> environment) {
        return Optional.ofNullable(hostfile == null ? environment.get(OF_OPERATOR) : hostfile);
    }

    /** The hosts, each with its slots. */
    List<HostSlots> slots(Map<String, String> environment) {
        List<HostSlots> slots = known;
        if (slots == null) {
            slots = readSlots(environment);
            known = slots;
        }
        return slots;
    }

    private List<HostSlots> readSlots(Map<String, String> environment) {
        if (hosts != null) {
            return parse(hosts);
        }
        Optional<String> file = hostfile(environment);
        if (file.isPresent()) {
            String option = hostfile == null ? OF_OPERATOR : "--hostfile";
            return Hostfile.parse(file.get(), InputFile.lines(option, file.get()));
        }
        return SlurmAllocation.hosts(environment)
                .orElseGet(() -> List.of(new HostSlots(ThisHost.name(), Integer.MAX_VALUE)));
    }

    private static List<HostSlots> parse(String hosts) {
        if (hosts.isBlank()) {
            throw new UsageException("-H is empty; write -H HOST:SLOTS, such as -H localhost:2");
        }
        try {
            return HostList.parse(hosts);
        } catch (IllegalArgumentException e) {
            throw new UsageException("-H: " + e.getMessage());
        }
    }

    /**
     * Two agents on a host would both count their ranks from local rank 0. The names are looked up
     * side by side, as one that is unknown takes its time; Java remembers the answers for a while.
     */
    private static void requireOneNameForThisHost(List<Topology> places) {
        List<String> here =
                places.stream().map(Topology::host).distinct().toList().parallelStream()
                        .filter(ThisHost::isMeantBy)
                        .toList();
        if (here.size() > 1) {
            throw new UsageException(
                    "'%s' and '%s' are both this host; name it once with all its slots"
                            .formatted(here.get(0), here.get(1)));
        }
    }

    private static int sum(List<HostSlots> slots) {
        long sum = slots.stream().mapToLong(HostSlots::slots).sum();
        return (int) Math.min(sum, Integer.MAX_VALUE);
    }
}
