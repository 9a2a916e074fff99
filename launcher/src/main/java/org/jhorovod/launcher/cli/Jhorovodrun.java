package org.jhorovod.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.job.Job;
import org.jhorovod.launcher.job.JobSpec;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.plan.EnvironmentChange;
import org.jhorovod.launcher.plan.HostSlots;
import org.jhorovod.launcher.plan.SlotAssignment;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code jhorovodrun}. */
@Command(
        name = "jhorovodrun",
        customSynopsis = {
            "jhorovodrun -np N [options] PROGRAM [ARGS...]",
            "jhorovodrun -np N [options] --example NAME [-- ARGS...]"
        },
        description = "Runs a program N times as the ranks of one job.%n",
        optionListHeading = "%nOptions:%n",
        sortOptions = false,
        mixinStandardHelpOptions = false,
        versionProvider = Jhorovodrun.Version.class)
final class Jhorovodrun implements Callable<Integer> {
    private static final int USAGE = 2;
    private static final int FAILED = 1;
    private static final String TRY_HELP = "Try 'jhorovodrun --help'.";

    @Option(
            names = "-np",
            paramLabel = "N",
            description = "How many ranks to start; all slots of -H if only that is given.")
    private @Nullable Integer size;

    @Option(
            names = "-H",
            paramLabel = "HOST:SLOTS",
            description = "Where to start them; localhost:N by default. One host for now.")
    private @Nullable String hosts;

    @Option(
            names = "--example",
            paramLabel = "NAME",
            description = "Run a bundled example instead of a program: ${EXAMPLES}.")
    private @Nullable String example;

    @Option(
            names = "--start-timeout",
            paramLabel = "SECONDS",
            description = "How long the ranks may take to meet; as JHOROVOD_START_TIMEOUT_SECONDS.")
    private @Nullable String startTimeout;

    @Option(names = "--verbose", description = "Say what is started and ended.")
    private boolean isVerbose;

    @Option(names = "--version", versionHelp = true, description = "Print the version and exit.")
    private boolean isVersionWanted;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean isHelpWanted;

    @Parameters(paramLabel = "PROGRAM", hidden = true)
    private List<String> words = new ArrayList<>();

    /** The version of jar and Java. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Jhorovodrun.class.getPackage().getImplementationVersion();
            return new String[] {
                "jhorovodrun %s (Java %s)"
                        .formatted(
                                version == null ? "of a source tree" : version,
                                System.getProperty("java.version"))
            };
        }
    }

    /**
     * Runs a command line.
     *
     * @return what the process should exit with
     */
    static int execute(String... args) {
        CommandLine line = new CommandLine(new Jhorovodrun());
        line.setStopAtPositional(true);
        line.setUsageHelpWidth(100);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.getCommandSpec().usageMessage().footer(SettingsTable.lines());
        System.setProperty("EXAMPLES", Examples.load().names());
        line.setParameterExceptionHandler(
                (e, words) -> refuse(String.valueOf(e.getMessage()), USAGE));
        line.setExecutionExceptionHandler(
                (e, command, result) ->
                        e instanceof UsageException
                                ? refuse(String.valueOf(e.getMessage()), USAGE)
                                : refuse(e.toString(), FAILED));
        return line.execute(args);
    }

    private static int refuse(String message, int code) {
        String text = message.strip();
        String end = text.endsWith(".") ? " " : ". ";
        System.err.println("jhorovodrun: " + text + (code == USAGE ? end + TRY_HELP : ""));
        return code;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        JobSpec spec = spec();
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        OutputStream err = new FileOutputStream(FileDescriptor.err);
        return new Job(spec, new Console(out, err, isTerminal())).run();
    }

    private static boolean isTerminal() {
        try {
            Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/1"));
            return target.startsWith("/dev/pts") || target.toString().startsWith("/dev/tty");
        } catch (IOException e) {
            return false; // it is closed
        }
    }

    private JobSpec spec() {
        List<String> command = command();
        List<Topology> places = places();
        List<EnvironmentChange> environment = new ArrayList<>(SavedEnvironment.changes());
        if (startTimeout != null) {
            environment.add(
                    new EnvironmentChange(Settings.START_TIMEOUT.environmentName(), startTimeout));
        }
        Configuration configuration = configuration();
        return new JobSpec(
                places,
                command,
                environment,
                configuration.get(Settings.HANDSHAKE_TIMEOUT),
                isVerbose);
    }

    /** Reads all settings, so that a wrong one is found before anything starts. */
    private Configuration configuration() {
        try {
            if (startTimeout != null) {
                Duration checked = Settings.START_TIMEOUT.parser().apply(startTimeout);
                assert !checked.isZero();
            }
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "--start-timeout is '%s', but must be: %s"
                            .formatted(startTimeout, Settings.START_TIMEOUT.range()));
        }
        try {
            return Configuration.from(
                    name -> null,
                    name ->
                            Settings.ofLauncher().stream()
                                            .anyMatch(s -> s.environmentName().equals(name))
                                    ? null
                                    : System.getenv(name));
        } catch (ConfigurationException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private List<String> command() {
        if (example != null) {
            List<String> command = new ArrayList<>();
            command.add(System.getProperty("java.home") + "/bin/java");
            command.add("-cp");
            command.add(System.getProperty("java.class.path"));
            command.add(Examples.load().mainClass(example));
            command.addAll(words);
            return command;
        }
        if (words.isEmpty()) {
            throw new UsageException(
                    "there is nothing to run; put a program after the options, or --example NAME (known: %s)"
                            .formatted(Examples.load().names()));
        }
        ProgramPath.requireExecutable(words.get(0));
        return words;
    }

    private List<Topology> places() {
        try {
            if (size == null && hosts == null) {
                throw new UsageException("the number of ranks is missing; add -np N");
            }
            if (size != null && size < 1) {
                throw new UsageException(
                        "-np is %d, but a job has at least 1 rank".formatted(size));
            }
            List<HostSlots> slots =
                    hosts == null
                            ? List.of(new HostSlots("localhost", size == null ? 1 : size))
                            : HostSlots.parseList(hosts);
            if (slots.size() > 1 || !HostName.isThisHost(slots.get(0).host())) {
                throw new UsageException(
                        "-H names '%s', but only this host can be used: several hosts come next. Write -H localhost:N"
                                .formatted(hosts));
            }
            List<HostSlots> named =
                    List.of(new HostSlots(HostName.ofThisHost(), slots.get(0).slots()));
            return SlotAssignment.assign(size == null ? named.get(0).slots() : size, named);
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }
}
