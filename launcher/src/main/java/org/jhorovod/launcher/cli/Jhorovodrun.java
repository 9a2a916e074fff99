package org.jhorovod.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jhorovod.allreduce.collective.Topology;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.config.Setting;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.launcher.check.BuildReport;
import org.jhorovod.launcher.job.Job;
import org.jhorovod.launcher.job.JobSpec;
import org.jhorovod.launcher.job.JobTimeouts;
import org.jhorovod.launcher.job.RestartRule;
import org.jhorovod.launcher.job.ThisHost;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.output.RankFiles;
import org.jhorovod.launcher.plan.SavedEnvironment;
import org.jhorovod.launcher.report.ReportFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code jhorovodrun}: from words to a {@link JobSpec}. */
@Command(
        name = "jhorovodrun",
        customSynopsis = {
            "jhorovodrun -np N [OPTIONS] PROGRAM [ARGS...]",
            "       jhorovodrun -np N [OPTIONS] --example NAME [-- ARGS...]"
        },
        description = "Runs a program N times, as the ranks of one job.",
        optionListHeading = "%nOptions:%n",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        versionProvider = Jhorovodrun.Version.class)
final class Jhorovodrun implements Callable<Integer> {
    private static final int USAGE = 2;
    private static final int FAILED = 1;
    private static final String EXAMPLE = "--example";

    @Mixin private PlaceOptions placeOptions = new PlaceOptions();

    @Option(
            names = EXAMPLE,
            paramLabel = "NAME",
            description = "Run a bundled example; its own arguments come after --.")
    private @Nullable String example;

    @Option(
            names = "--start-timeout",
            paramLabel = "SECONDS",
            description =
                    "How long the hosts may take to answer (15 at least), and then the ranks to"
                            + " meet.")
    private @Nullable String startTimeout;

    @Option(
            names = "--output-filename",
            paramLabel = "FOLDER",
            description =
                    "Keep what rank N writes, as it comes, in files stdout and stderr in"
                            + " FOLDER/rank.N too; those of an earlier job are replaced.")
    private @Nullable String outputFolder;

    @Option(
            names = "--timeline-filename",
            paramLabel = "FILE",
            description =
                    "Write what happens when on all ranks to FILE on rank 0's host, as a trace that"
                            + " ui.perfetto.dev shows.")
    private @Nullable String timelineFile;

    @Option(
            names = "--report",
            paramLabel = "FILE.html",
            description =
                    "Write a page on this host about the run, once it has ended: what limited it,"
                            + " how fast each rank was, where its time went, and how it ended.")
    private @Nullable String reportFile;

    @Option(
            names = "-x",
            paramLabel = "NAME[=VALUE]",
            description =
                    "Set this variable for the ranks on all hosts, to its value here if none is"
                            + " given. Other hosts get no other but JHorovod's settings. Can be"
                            + " repeated.")
    private List<String> variables = new ArrayList<>();

    @Mixin private NetworkOptions networkOptions = new NetworkOptions();

    @Option(
            names = "--mpi",
            description =
                    "Have one mpirun of Open MPI start the ranks on all hosts, in place of"
                            + " jhorovodrun's own agents.")
    private boolean isUnderMpirun;

    @Option(
            names = "--dry-run",
            description = "Only say which rank would run where, and by which commands.")
    private boolean isDryRun;

    @Option(
            names = "--check-build",
            description =
                    "Only say which engines, backends, transports and tools are available here, and"
                            + " how to get the others.")
    private boolean isCheck;

    @Mixin private RestartOptions restartOptions = new RestartOptions();

    @Option(names = "--verbose", description = "Say what is started and ended.")
    private boolean isVerbose;

    @Spec private CommandSpec commandSpec = CommandSpec.create();

    @Parameters(hidden = true)
    private List<String> words = new ArrayList<>();

    private final Map<String, String> environment;

    private Jhorovodrun(Map<String, String> environment) {
        this.environment = new HashMap<>(environment);
        SavedEnvironment.restore(this.environment);
    }

    /** The version of jar and Java. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Jhorovodrun.class.getPackage().getImplementationVersion();
            return new String[] {
                "jhorovodrun %s (Java %s)"
                        .formatted(
                                version == null ? "from classes" : version,
                                System.getProperty("java.version"))
            };
        }
    }

    /**
     * Runs a command line. What the ranks print goes to the process's own streams.
     *
     * @param out takes the help
     * @param err takes complaints
     * @param environment of this process
     * @return what the process should exit with
     */
    static int execute(
            PrintWriter out, PrintWriter err, Map<String, String> environment, String... args) {
        CommandLine line = new CommandLine(new Jhorovodrun(environment));
        line.setExpandAtFiles(false); // @ is the program's matter, such as java's
        line.setOut(out);
        line.setErr(err);
        line.setStopAtPositional(true);
        line.setUsageHelpWidth(HelpText.WIDTH);
        line.setUsageHelpLongOptionsMaxWidth(HelpText.OPTION_WIDTH);
        line.setHelpFactory(HelpText::layout);
        if (Arrays.stream(args).anyMatch(arg -> arg.equals("--help") || arg.equals("-h"))) {
            line.getCommandSpec().usageMessage().footer(HelpText.footer(Examples.load()));
        }
        line.setParameterExceptionHandler((e, words) -> refuse(e));
        line.setExecutionExceptionHandler((e, command, result) -> fail(err, e));
        return line.execute(args);
    }

    private static int refuse(CommandLine.ParameterException e) {
        String hint = e instanceof UnmatchedArgumentException ? hint(e.getCommandLine()) : "";
        return refuse(
                e.getCommandLine().getErr(),
                String.valueOf(e.getMessage()).replace("is not an int", "is no whole number")
                        + hint);
    }

    /** Whose argument it may be that jhorovodrun does not know. */
    private static String hint(CommandLine line) {
        return line.getParseResult().hasMatchedOption(EXAMPLE)
                ? "; arguments of the example come after --"
                : "; options of your program come after its name, such as java";
    }

    private static int refuse(PrintWriter err, String message) {
        String text = message.strip().replaceAll("\\R", " ");
        String end = text.endsWith(".") || text.endsWith(")") ? "" : ".";
        err.println("jhorovodrun: " + text + end + " Try 'jhorovodrun --help'.");
        return USAGE;
    }

    private static int fail(PrintWriter err, Exception e) {
        if (e instanceof UsageException) {
            return refuse(err, String.valueOf(e.getMessage()));
        }
        err.println("jhorovodrun: the job cannot be run: " + e);
        return FAILED;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = commandSpec.commandLine().getOut();
        if (isCheck) {
            Configuration configuration = configuration(RankVariables.of(variables, environment));
            String path = environment.getOrDefault("PATH", "");
            BuildReport.lines(configuration, path).forEach(out::println);
            return 0;
        }
        JobSpec spec = spec();
        if (isUnderMpirun) {
            MpirunCheck.require(spec, isDryRun);
        }
        RestartRule rule =
                restartOptions.rule(spec.places().size(), placeOptions.slots(environment));
        if (isDryRun) {
            DryRun.describe(spec, ThisHost::isMeantBy).forEach(out::println);
            return 0;
        }
        Console console =
                new Console(
                        new FileOutputStream(FileDescriptor.out),
                        new FileOutputStream(FileDescriptor.err),
                        Terminal.isBehind(Terminal.STANDARD_OUTPUT),
                        rankFiles(spec.places().size()));
        Job job = new Job(spec, rule, console, StandardInput.open(), report());
        Signals.catchAll(job::interrupt);
        return job.run();
    }

    private Optional<RankFiles> rankFiles(int size) {
        if (outputFolder == null) {
            return Optional.empty();
        }
        if (outputFolder.isBlank()) {
            throw new UsageException("--output-filename needs the name of a folder");
        }
        try {
            return Optional.of(RankFiles.prepare(Path.of(outputFolder), size));
        } catch (IOException e) {
            throw new UsageException(
                    "--output-filename '%s' cannot be written: %s"
                            .formatted(outputFolder, FileFault.of(e)));
        }
    }

    private Optional<ReportFile> report() {
        if (reportFile == null) {
            return Optional.empty();
        }
        if (reportFile.isBlank()) {
            throw new UsageException("--report needs the name of a file");
        }
        try {
            return Optional.of(ReportFile.prepare(Path.of(reportFile)));
        } catch (IOException e) {
            throw new UsageException(
                    "--report '%s' cannot be written: %s".formatted(reportFile, FileFault.of(e)));
        }
    }

    private JobSpec spec() throws InterruptedException {
        List<Topology> places = placeOptions.places(environment);
        List<String> command = command(places);
        RankVariables rankVariables = RankVariables.of(variables, environment);
        requireStartTimeout();
        if (startTimeout != null) {
            rankVariables.put(Settings.START_TIMEOUT, startTimeout);
        }
        if (timelineFile != null) {
            rankVariables.put(Settings.TIMELINE, timelinePath(timelineFile));
        }
        if (reportFile != null) {
            rankVariables.put(Settings.REPORT, "true");
        }
        Configuration settings = configuration(rankVariables);
        return new JobSpec(
                places,
                command,
                rankVariables.changes(),
                networkOptions.ssh(),
                networkOptions.networkInterface(),
                JobTimeouts.of(settings),
                isVerbose,
                starter(),
                0,
                isDryRun ? Optional.empty() : networkOptions.certificate(settings, isUnderMpirun));
    }

    private JobSpec.Starter starter() {
        if (isUnderMpirun) {
            return JobSpec.Starter.MPIRUN;
        }
        return placeOptions.areOfSlurm(environment)
                ? JobSpec.Starter.SLURM_AGENTS
                : JobSpec.Starter.AGENTS;
    }

    private void requireStartTimeout() {
        if (startTimeout != null && !isLegal(Settings.START_TIMEOUT, startTimeout)) {
            throw new UsageException(
                    "--start-timeout is '%s', but must be: %s"
                            .formatted(startTimeout, Settings.START_TIMEOUT.range()));
        }
    }

    /** Ranks may change their folder, so it is made absolute here. */
    private static String timelinePath(String file) {
        if (file.isBlank()) {
            throw new UsageException("--timeline-filename needs the name of a file");
        }
        return Path.of(file).toAbsolutePath().toString();
    }

    private static boolean isLegal(Setting<?> setting, String text) {
        try {
            Configuration.of(Map.of(setting, text));
            return !text.isBlank();
        } catch (ConfigurationException e) {
            return false;
        }
    }

    /** Reads the users' settings, so that a wrong one is found before anything starts. */
    private static Configuration configuration(RankVariables rankVariables) {
        try {
            return Configuration.from(name -> null, rankVariables::get);
        } catch (ConfigurationException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private List<String> command(List<Topology> places) {
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
                    "there is nothing to run; put a program after the options, or --example NAME (%s)"
                            .formatted(Examples.load().names()));
        }
        ProgramPath.requireName(words.get(0));
        // Where this host runs no rank, the program may well be on the others only.
        if (places.stream().map(Topology::host).anyMatch(ThisHost::isMeantBy)) {
            ProgramPath.requireExecutable(words.get(0));
        }
        return words;
    }
}
