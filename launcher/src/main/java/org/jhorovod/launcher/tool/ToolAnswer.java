package org.jhorovod.launcher.tool;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jhorovod.allreduce.rendezvous.Deadline;

/**
 * What a program that is soon over has said.
 *
 * @param exitCode its own
 * @param text of its standard output
 */
public record ToolAnswer(int exitCode, String text) {
    private static final Duration KILL_WAIT = Duration.ofSeconds(1);

    /**
     * Waits for a program's end and for that of its output, and kills it if they do not come.
     *
     * @return empty if they have not come in time
     */
    public static Optional<ToolAnswer> await(Process process, Duration timeout)
            throws InterruptedException {
        Deadline deadline = Deadline.after(timeout);
        CompletableFuture<String> output = read(process);
        try {
            String text = output.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (process.waitFor(deadline.remainingMillis(), TimeUnit.MILLISECONDS)) {
                return Optional.of(new ToolAnswer(process.exitValue(), text));
            }
        } catch (TimeoutException | ExecutionException e) {
            output.cancel(false); // nobody takes it any more
        }
        process.destroyForcibly();
        process.waitFor(KILL_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        return Optional.empty();
    }

    /** On a thread of its own: whoever inherited the pipe may hold it open for ever. */
    private static CompletableFuture<String> read(Process process) {
        CompletableFuture<String> output = new CompletableFuture<>();
        Thread reader =
                new Thread(
                        () -> {
                            try {
                                byte[] bytes = process.getInputStream().readAllBytes();
                                output.complete(new String(bytes, StandardCharsets.UTF_8));
                            } catch (IOException e) {
                                output.completeExceptionally(e);
                            }
                        },
                        "tool-answer");
        reader.setDaemon(true);
        reader.start();
        return output;
    }
}
