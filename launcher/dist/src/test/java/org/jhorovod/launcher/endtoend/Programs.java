package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Programs of this machine that tests use. */
final class Programs {

    /** A program that runs; its output goes to files. */
    static final class Running implements AutoCloseable {
        private final List<String> words;
        private final Path out;
        private final Path err;
        private final Process process;

        private Running(List<String> words) throws IOException {
            this.words = words;
            this.out = Files.createTempFile("test-", ".out");
            this.err = Files.createTempFile("test-", ".err");
            this.process =
                    new ProcessBuilder(words)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile())
                            .start();
        }

        String out() throws IOException {
            return Files.readString(out);
        }

        void kill() {
            process.destroyForcibly();
        }

        String err() throws IOException {
            return Files.readString(err);
        }

        Jhorovodrun.Result await(Duration timeout) throws IOException, InterruptedException {
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                fail("%s has not ended within %s: %s%s", words, timeout, read(out), err());
            }
            return new Jhorovodrun.Result(process.exitValue(), read(out), err());
        }

        private static String read(Path file) throws IOException {
            return Files.readString(file);
        }

        /**
         * Ends the program and what it has started, as far as that has not become others' child.
         */
        @Override
        public void close() throws IOException {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Files.delete(out);
            Files.delete(err);
        }
    }

    private Programs() {}

    static Running start(List<String> words) throws IOException {
        return new Running(words);
    }

    static Jhorovodrun.Result run(Duration timeout, List<String> words)
            throws IOException, InterruptedException {
        try (Running running = start(words)) {
            return running.await(timeout);
        }
    }

    /** Runs a program that has to succeed, and gives what it prints. */
    static String require(Duration timeout, String... words)
            throws IOException, InterruptedException {
        Jhorovodrun.Result result = run(timeout, List.of(words));
        assertThat(result.code()).as("%s: %s", List.of(words), result.err()).isZero();
        return result.out();
    }

    /** Skips the test where one of these is not installed. */
    static void assume(String... programs) {
        for (String program : programs) {
            Assumptions.assumeTrue(
                    Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
                            .anyMatch(dir -> Files.isExecutable(Path.of(dir, program))),
                    "needs the program " + program + "; see docker/packages.txt");
        }
    }
}
