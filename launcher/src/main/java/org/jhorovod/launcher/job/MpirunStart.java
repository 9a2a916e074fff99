package org.jhorovod.launcher.job;

import java.io.IOException;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostPlan;
import org.jhorovod.launcher.plan.MpirunCommand;
import org.jhorovod.launcher.plan.RankPlan;

/**
 * How a job is started by one {@code mpirun}, which this host's agent holds in place of ranks. The
 * ranks know their numbers from mpirun, and the way to the store and the secret from variables of
 * its environment that it hands on.
 */
public final class MpirunStart {
    private static final String RANK_SCRIPT = "mpi-rank.bash";
    private static final int MOST_ADDRESSES = 32;

    private MpirunStart() {}

    /** The call of mpirun. */
    public static List<String> command(JobSpec spec) {
        List<String> variables =
                Stream.concat(
                                spec.environment().stream().map(EnvironmentChange::name),
                                Stream.of(Settings.RENDEZVOUS, Settings.SECRET, Settings.GENERATION)
                                        .map(Setting::environmentName))
                        .toList();
        // -p: no file of BASH_ENV is run.
        List<String> rank =
                new ArrayList<>(List.of("bash", "-p", "-c", rankScript(), "rank", hosts(spec)));
        rank.addAll(spec.command());
        return MpirunCommand.of(
                spec.places(),
                ThisHost::isMeantBy,
                new MpirunCommand.Network(
                        spec.ssh(), spec.networkInterface().map(MpirunStart::subnet)),
                variables,
                rank);
    }

    /** By which the ranks know what their hosts are called here, in rank order. */
    private static String hosts(JobSpec spec) {
        return spec.places().stream().map(Topology::host).collect(Collectors.joining(","));
    }

    private static String rankScript() {
        try (var in = MpirunStart.class.getResourceAsStream(RANK_SCRIPT)) {
            if (in == null) {
                throw new IllegalStateException("bug: %s is not there".formatted(RANK_SCRIPT));
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("bug: %s cannot be read".formatted(RANK_SCRIPT), e);
        }
    }

    /** The interface's network, since other hosts may have another name for theirs. */
    private static String subnet(String interfaceName) {
        try {
            NetworkInterface found = NetworkInterface.getByName(interfaceName);
            Optional<InterfaceAddress> v4 =
                    found == null
                            ? Optional.empty()
                            : found.getInterfaceAddresses().stream()
                                    .filter(a -> a.getAddress().getAddress().length == 4)
                                    .findFirst();
            return v4.map(a -> a.getAddress().getHostAddress() + "/" + a.getNetworkPrefixLength())
                    .orElse(interfaceName);
        } catch (IOException e) {
            return interfaceName;
        }
    }

    /** Whether all ranks run on this host, so that nobody else has to reach the store. */
    static boolean isHere(JobSpec spec) {
        return spec.places().stream().map(Topology::host).allMatch(ThisHost::isMeantBy);
    }

    /**
     * What the agent starts.
     *
     * @throws IOException if no other host could reach this one
     */
    static HostPlan plan(JobSpec spec, RendezvousServer rendezvous) throws IOException {
        List<String> addresses =
                isHere(spec)
                        ? List.of(RendezvousServer.LOOPBACK_ADDRESS)
                        : ThisHost.addresses(spec.networkInterface());
        String meetingPoints =
                addresses.stream()
                        .limit(MOST_ADDRESSES)
                        .map(address -> AddressChoice.withPort(address, rendezvous.port()))
                        .collect(Collectors.joining(","));
        List<EnvironmentChange> changes = new ArrayList<>();
        Settings.ofLauncher()
                .forEach(s -> changes.add(new EnvironmentChange(s.environmentName(), null)));
        if (spec.wantsReport()) {
            changes.add(change(Settings.REPORT, "true"));
        }
        changes.add(change(Settings.RENDEZVOUS, meetingPoints));
        changes.add(change(Settings.SECRET, rendezvous.secret().withoutCertificate().encoded()));
        changes.add(change(Settings.GENERATION, Integer.toString(spec.generation())));
        if (isRoot()) {
            changes.add(new EnvironmentChange("OMPI_ALLOW_RUN_AS_ROOT", "1"));
            changes.add(new EnvironmentChange("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"));
        }
        return new HostPlan(
                ThisHost.name(),
                Path.of("").toAbsolutePath().toString(),
                command(spec),
                spec.environment(),
                List.of(new RankPlan(0, changes)),
                rendezvous.secret(),
                false);
    }

    private static EnvironmentChange change(Setting<?> setting, String value) {
        return new EnvironmentChange(setting.environmentName(), value);
    }

    /** Whether mpirun would refuse to run without being told twice that it may. */
    static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException e) {
            return false;
        }
    }
}
