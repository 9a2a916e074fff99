package org.jhorovod.launcher.cli;

import java.util.List;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.launcher.job.ThisHost;
import org.jhorovod.launcher.plan.HostList;
import org.jhorovod.launcher.plan.HostSlots;
import org.jhorovod.launcher.plan.Hostfile;
import org.jhorovod.launcher.plan.SlotAssignment;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many ranks run, and where. */
final class PlaceOptions {
    @Option(
            names = "-np",
            paramLabel = "N",
            description = "How many ranks to start. Without it: as many as the hosts have slots.")
    private @Nullable Integer size;

    @Option(
            names = {"-H", "--hosts"},
            paramLabel = "HOST:SLOTS,...",
            description =
                    "Hosts with slots, as h1:2,[fd00::2]:4,h3 (one slot without a number). This"
                            + " host if not given.")
    private @Nullable String hosts;

    @Option(
            names = "--hostfile",
            paramLabel = "FILE",
            description = "The same in a file, as lines \"h1 slots=2\".")
    private @Nullable String hostfile;

    /**
     * One place per rank, in rank order.
     *
     * @throws UsageException if there are none, or too few
     */
    List<Topology> places() {
        requireSize();
        try {
            List<HostSlots> slots = slots();
            List<Topology> places = SlotAssignment.assign(size == null ? sum(slots) : size, slots);
            requireOneNameForThisHost(places);
            return places;
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private void requireSize() {
        if (hosts != null && hostfile != null) {
            throw new UsageException("-H and --hostfile both say where to run; give one of them");
        }
        if (size == null && hosts == null && hostfile == null) {
            throw new UsageException("the number of ranks is missing; add -np N");
        }
        if (size != null && size < 1) {
            throw new UsageException("-np is %d, but a job has at least 1 rank".formatted(size));
        }
    }

    /** The hosts, each with its slots. */
    List<HostSlots> slots() {
        if (hosts != null) {
            return parse(hosts);
        }
        if (hostfile != null) {
            List<String> lines = InputFile.lines("--hostfile", hostfile);
            return Hostfile.parse(hostfile, lines);
        }
        return List.of(new HostSlots(ThisHost.name(), Integer.MAX_VALUE));
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
