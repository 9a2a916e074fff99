package org.jhorovod.examples;

import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Starts an example: parses its options and turns bad data into one line instead of a trace. */
final class ExampleCommand {

    private ExampleCommand() {}

    /** Runs the command and returns the exit code of the process. */
    static int run(Callable<Integer> example, String... args) {
        keepDjlAtHome();
        return of(example).execute(args);
    }

    /**
     * The example as a command that says in one line what is wrong with its options (exit code 2)
     * or its data (1).
     */
    static CommandLine of(Callable<Integer> example) {
        return new CommandLine(example)
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler(
                        (failure, args) -> {
                            CommandLine command = failure.getCommandLine();
                            command.getErr()
                                    .println(failure.getMessage() + "; --help lists the options.");
                            return CommandLine.ExitCode.USAGE;
                        })
                .setExecutionExceptionHandler(
                        (failure, command, parsed) -> {
                            if (failure instanceof DataException) {
                                command.getErr().println(failure.getMessage());
                                return CommandLine.ExitCode.SOFTWARE;
                            }
                            throw failure;
                        });
    }

    /**
     * Everything that DJL needs is on the class path: a stray download should fail at once, and its
     * usage report stays off. Must run before DJL is touched.
     */
    private static void keepDjlAtHome() {
        System.getProperties().putIfAbsent("ai.djl.offline", "true");
        System.getProperties().putIfAbsent("OPT_OUT_TRACKING", "true");
    }
}
