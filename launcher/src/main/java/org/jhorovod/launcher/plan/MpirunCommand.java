package org.jhorovod.launcher.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jhorovod.allreduce.collective.Topology;

/** The call of Open MPI's {@code mpirun} that starts all ranks of a job. */
public final class MpirunCommand {
    /** The program's name. */
    public static final String NAME = "mpirun";

    private final List<String> words = new ArrayList<>(List.of(NAME));

    private MpirunCommand() {}

    /**
     * What there is to know of a network.
     *
     * @param ssh how other hosts are reached
     * @param subnet in which the hosts reach each other, as {@code address/bits}, or the name of an
     *     interface that all have; empty to leave that to Open MPI
     */
    public record Network(SshOptions ssh, Optional<String> subnet) {}

    /**
     * The words of the call.
     *
     * @param places one per rank, in rank order
     * @param isThisHost which hosts are this one, where mpirun needs no ssh
     * @param variables the environment variables of mpirun that the ranks get too, by name
     * @param rankCommand what each rank is
     * @throws IllegalArgumentException if mpirun cannot be told so
     */
    public static List<String> of(
            List<Topology> places,
            Predicate<String> isThisHost,
            Network network,
            List<String> variables,
            List<String> rankCommand) {
        MpirunCommand command = new MpirunCommand();
        command.place(places, isThisHost);
        if (!places.stream().map(Topology::host).allMatch(isThisHost)) {
            command.reachBy(network.ssh());
        }
        network.subnet()
                .ifPresent(
                        subnet -> {
                            command.add("--mca", "btl_tcp_if_include", subnet);
                            command.add("--mca", "oob_tcp_if_include", subnet);
                        });
        // Their values come by mpirun's environment, and are on no command line.
        variables.forEach(name -> command.add("-x", name));
        command.words.addAll(rankCommand);
        return List.copyOf(command.words);
    }

    private void place(List<Topology> places, Predicate<String> isThisHost) {
        // A host for each rank, in their order: by slots, mpirun would fill its own host first.
        String hosts =
                places.stream()
                        .map(Topology::host)
                        .map(host -> isThisHost.test(host) ? "localhost" : plain(host))
                        .collect(Collectors.joining(","));
        add("-np", Integer.toString(places.size()), "--host", hosts, "--map-by", "seq");
        add("--bind-to", "none", "--tag-output");
        // jhorovodrun gives the others time to say whom they have lost, and ends them then.
        add("--mca", "orte_abort_on_non_zero_status", "0");
    }

    private static String plain(String host) {
        if (host.contains(":") || host.contains("@")) {
            throw new IllegalArgumentException(
                    "'%s' cannot be passed on to mpirun by --mpi, which takes names and IPv4 addresses without a user; name the host in /etc/hosts, and its user in ssh's configuration"
                            .formatted(host));
        }
        return host;
    }

    private void reachBy(SshOptions ssh) {
        List<String> arguments =
                new ArrayList<>(List.of("-x", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"));
        ssh.configFile().ifPresent(file -> arguments.addAll(List.of("-F", file.toString())));
        ssh.identityFile().ifPresent(file -> arguments.addAll(List.of("-i", file.toString())));
        ssh.port().ifPresent(port -> arguments.addAll(List.of("-p", Integer.toString(port))));
        for (String argument : arguments) {
            if (argument.matches("(?s).*[\\s\"'].*")) {
                throw new IllegalArgumentException(
                        "the file '%s' cannot be passed on to mpirun by --mpi, as its name has a blank or a quote; rename it"
                                .formatted(argument));
            }
        }
        add("--mca", "plm_rsh_agent", "ssh");
        add("--mca", "plm_rsh_args", String.join(" ", arguments));
    }

    private void add(String... more) {
        words.addAll(List.of(more));
    }
}
