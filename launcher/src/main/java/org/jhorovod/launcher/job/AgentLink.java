package org.jhorovod.launcher.job;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.AgentMain;
import org.jhorovod.launcher.agent.AgentWire;
import org.jhorovod.launcher.agent.Bytes;

/** The launcher's end of the pipe to an agent. */
final class AgentLink implements AutoCloseable {
    // The agent takes at most 3.5 s to end what it has started.
    private static final Duration END_TIMEOUT = Duration.ofSeconds(6);
    private static final int INPUT_BYTES = 16 * 1024;

    private final Process process;
    private final OutputStream commands;
    private final Semaphore inputCredit = new Semaphore(1);

    private AgentLink(Process process) {
        this.process = process;
        this.commands = new BufferedOutputStream(process.getOutputStream());
    }

    /** Starts an agent on this host. */
    static AgentLink startLocal() throws IOException {
        List<String> command =
                List.of(
                        "setsid", // out of reach of the terminal's Ctrl-C
                        System.getProperty("java.home") + "/bin/java",
                        "-Xmx64m",
                        "-Xshare:auto",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AgentMain.class.getName());
        return new AgentLink(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** Hands every event to the consumer, on a thread of its own, and null words at the end. */
    void listen(Consumer<AgentEvent> onEvent, Consumer<String> onEnd) {
        daemon("jhorovodrun-agent", () -> onEnd.accept(relay(onEvent)));
    }

    private String relay(Consumer<AgentEvent> onEvent) {
        try (InputStream events = new BufferedInputStream(process.getInputStream())) {
            for (Optional<AgentEvent> next = AgentWire.readEvent(events);
                    next.isPresent();
                    next = AgentWire.readEvent(events)) {
                if (next.get() instanceof AgentEvent.InputTaken) {
                    inputCredit.release();
                } else {
                    onEvent.accept(next.get());
                }
            }
        } catch (IOException e) {
            return "its pipe broke: " + e.getMessage();
        }
        return "it ended";
    }

    /** Forwards this input to rank 0, on a thread of its own. */
    void forward(InputStream input) {
        daemon("jhorovodrun-stdin", () -> forwardAll(input));
    }

    private void forwardAll(InputStream input) {
        byte[] piece = new byte[INPUT_BYTES];
        try {
            for (int n = input.read(piece); n >= 0; n = input.read(piece)) {
                inputCredit.acquire();
                send(new AgentCommand.Input(Bytes.copyOf(piece, n)));
            }
            send(new AgentCommand.EndOfInput());
        } catch (IOException e) {
            return; // no more input, or the agent is gone, which is noticed where it speaks
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void send(AgentCommand command) throws IOException {
        AgentWire.write(command, commands);
    }

    /** How the agent's process ended, in words; waits a moment for it. */
    String describeEnd() throws InterruptedException {
        return process.waitFor(1, TimeUnit.SECONDS)
                ? "it " + ExitCode.describe(process.exitValue())
                : "it no longer answers";
    }

    private static void daemon(String duty, Runnable task) {
        Thread thread = new Thread(task, duty);
        thread.setDaemon(true);
        thread.start();
    }

    /** Closes the pipe, upon which the agent ends what is left, and waits for it to end itself. */
    @Override
    public void close() {
        try {
            commands.close();
        } catch (IOException e) {
            process.destroy(); // it is going already
        }
        try {
            if (!process.waitFor(END_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
