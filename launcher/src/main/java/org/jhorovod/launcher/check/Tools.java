package org.jhorovod.launcher.check;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jhorovod.launcher.tool.SearchPath;
import org.jhorovod.launcher.tool.ToolAnswer;

/** Programs of the system that some jobs need. */
final class Tools {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final List<Tool> ALL =
            List.of(
                    new Tool("ssh", "-V", "for several hosts; install OpenSSH's client"),
                    new Tool("mpirun", "--version", "for --mpi; install Open MPI"),
                    new Tool(
                            "nvidia-smi",
                            "-L",
                            "to share GPUs out; it comes with NVIDIA's driver"));

    /**
     * One of them.
     *
     * @param name of the program
     * @param question the argument that makes it answer with one line and do nothing
     * @param need what it is for, and how to get it
     */
    private record Tool(String name, String question, String need) {}

    private Tools() {}

    static List<Finding> find(String path) throws InterruptedException {
        List<Finding> findings = new ArrayList<>();
        for (Tool tool : ALL) {
            Optional<Path> program = new SearchPath(path).find(tool.name());
            findings.add(
                    program.isPresent()
                            ? ask(tool, program.get())
                            : Finding.missing(
                                    tool.name(), "it is not on the PATH; needed " + tool.need()));
        }
        return findings;
    }

    private static Finding ask(Tool tool, Path program) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(program.toString(), tool.question())
                            .redirectErrorStream(true)
                            .redirectInput(new File("/dev/null"))
                            .start();
            return ToolAnswer.await(process, TIMEOUT)
                    .map(answer -> answered(tool, program, answer))
                    .orElseGet(
                            () ->
                                    Finding.missing(
                                            tool.name(),
                                            "%s has not answered within %d s"
                                                    .formatted(program, TIMEOUT.toSeconds())));
        } catch (IOException e) {
            return Finding.missing(tool.name(), program + " cannot be run: " + e.getMessage());
        }
    }

    private static Finding answered(Tool tool, Path program, ToolAnswer answer) {
        List<String> lines =
                answer.text().lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        String words = lines.isEmpty() ? "it says nothing" : lines.get(0);
        return answer.exitCode() == 0
                ? Finding.available(tool.name(), program + ": " + words)
                : Finding.missing(
                        tool.name(),
                        "%s fails with exit code %d: %s"
                                .formatted(program, answer.exitCode(), words));
    }
}
