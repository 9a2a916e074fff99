package org.jhorovod.launcher.job;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jhorovod.launcher.agent.AgentCommand;
import org.jhorovod.launcher.agent.AgentEvent;
import org.jhorovod.launcher.agent.AgentWire;
import org.jhorovod.launcher.agent.Bytes;
import org.jhorovod.launcher.agent.Silence;
import org.jhorovod.launcher.tool.SearchPath;

/**
 * The launcher's end of the way to one host's agent: a pipe to its process, or to the ssh or srun
 * that carries its streams.
 */
final class AgentLink {
    private static final Duration LAST_WORDS_TIMEOUT = Duration.ofSeconds(1);
    private static final int INPUT_BYTES = 16 * 1024;
    private static final int NOT_FOUND = 127;
    private static final String SSH = "ssh";
    private static final int SSH_FAILED = 255;
    private static final String NONE = "";

    /** Who hears what an agent says; called on threads of the link. */
    interface Listener {
        void heard(AgentLink link, AgentEvent event);

        /** Nothing more will be heard; called once. */
        void lost(AgentLink link, String how);

        /** Words of ssh or srun, or of the host's shell. */
        void noticed(AgentLink link, String line);
    }

    private final String host;
    private final String carrier; // the program that carries the streams, or NONE
    private final Process process;
    private final OutputStream commands;
    private final Duration liveness;
    private final Listener listener;
    private final ErrorLines errorLines;
    private final Semaphore inputCredit = new Semaphore(1);
    private final AtomicBoolean isLost = new AtomicBoolean();
    private volatile boolean hasAnswered;

    private AgentLink(
            String host, String carrier, Process process, Duration liveness, Listener listener) {
        this.host = host;
        this.carrier = carrier;
        this.process = process;
        this.commands = new BufferedOutputStream(process.getOutputStream());
        this.liveness = liveness;
        this.listener = listener;
        this.errorLines = new ErrorLines(line -> listener.noticed(this, line));
    }

    /** Starts an agent on this host, under the name that users gave it. */
    static AgentLink startHere(String host, Duration liveness, Listener listener)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(AgentCommandLine.here())
                        .redirectError(ProcessBuilder.Redirect.INHERIT);
        return new AgentLink(host, NONE, builder.start(), liveness, listener);
    }

    /** Starts an agent on another host. */
    static AgentLink startThere(String host, JobSpec spec, Listener listener) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(AgentCommandLine.there(host, spec));
        String carrier = spec.starter() == JobSpec.Starter.SLURM_AGENTS ? "srun" : SSH;
        return new AgentLink(host, carrier, builder.start(), spec.timeouts().liveness(), listener);
    }

    String host() {
        return host;
    }

    /** Whether the agent runs on the launcher's own host. */
    boolean isHere() {
        return carrier.equals(NONE);
    }

    /**
     * Begins to hear, to say that the launcher lives, and to look for signs of the agent's life.
     */
    void open() {
        Silence silence = new Silence(liveness);
        if (!isHere()) {
            daemon("stderr", () -> errorLines.readAll(process.getErrorStream()));
        }
        daemon("agent", () -> lose(listen(silence)));
        daemon("beat", () -> beat(silence));
        daemon("silence", () -> watch(silence));
    }

    private String listen(Silence silence) {
        try (InputStream events = new BufferedInputStream(process.getInputStream())) {
            awaitMark(events);
            while (true) {
                silence.listen();
                Optional<AgentEvent> event = AgentWire.readEvent(events);
                silence.pause();
                if (event.isEmpty()) {
                    return describeEnd();
                }
                hear(event.get());
            }
        } catch (IOException e) {
            return describeEnd();
        } catch (RuntimeException e) {
            return "what it says cannot be read: " + e; // or else nobody would listen any more
        }
    }

    /** What a shell prints before may be the reason why the mark does not come. */
    private void awaitMark(InputStream events) throws IOException {
        try {
            AgentWire.skipToMark(events).lines().forEach(errorLines::add);
        } catch (IOException e) {
            String.valueOf(e.getMessage()).lines().forEach(errorLines::add);
            throw e;
        }
    }

    private void hear(AgentEvent event) {
        if (event instanceof AgentEvent.InputTaken) {
            inputCredit.release();
        } else if (event instanceof AgentEvent.Beat) {
            return; // that it came is all that it says
        } else {
            if (event instanceof AgentEvent.Hello) {
                hasAnswered = true;
                errorLines.relay(); // what came before tells why a host does not answer
            }
            listener.heard(this, event);
        }
    }

    private void beat(Silence silence) {
        try {
            send(new AgentCommand.Greet(liveness, !isHere()));
            while (!isLost.get()) {
                LockSupport.parkNanos(silence.period().toNanos());
                send(new AgentCommand.Beat());
            }
        } catch (IOException e) {
            return; // the agent is gone, which is noticed where it speaks
        }
    }

    private void watch(Silence silence) {
        while (!isLost.get()) {
            LockSupport.parkNanos(silence.period().toNanos());
            if (silence.tick()) {
                lose(
                        "it has been silent for %d s: it is stopped%s"
                                .formatted(
                                        liveness.toSeconds(),
                                        isHere() ? "" : ", or its host cannot be reached"));
            }
        }
    }

    /** From now on this host counts as lost. */
    private void lose(String how) {
        if (isLost.compareAndSet(false, true)) {
            // What is left of the agent ends its ranks when its pipe closes, or its guard does.
            process.destroyForcibly();
            listener.lost(this, how);
        }
    }

    private String describeEnd() {
        try {
            boolean hasEnded =
                    process.waitFor(LAST_WORDS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            if (isHere()) {
                return hasEnded
                        ? "it " + ExitCode.describe(process.exitValue())
                        : "it no longer answers";
            }
            errorLines.awaitEnd(LAST_WORDS_TIMEOUT);
            return hasEnded
                    ? describeCarrier(process.exitValue()) + errorLines.asReason()
                    : carrier + " no longer answers" + errorLines.asReason();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "nobody waited for its end";
        }
    }

    /**
     * The exit code of either program is that of what it runs; that of ssh is 255 if it cannot run
     * it to its end.
     */
    private String describeCarrier(int code) {
        String how = carrier + " " + ExitCode.describe(code);
        if (code == NOT_FOUND) {
            return isOnPath(carrier)
                    ? how + " (Java and JHorovod must lie at the same path on all hosts)"
                    : "there is no %s on this host's PATH; install it".formatted(carrier);
        }
        return carrier.equals(SSH) && code == SSH_FAILED && hasAnswered
                ? how + " (the connection or the agent ended)"
                : how;
    }

    private static boolean isOnPath(String program) {
        String path = System.getenv("PATH");
        return path != null && new SearchPath(path).find(program).isPresent();
    }

    /** What the host has printed so far in place of an answer, as the end of a sentence. */
    String errorsSoFar() {
        return errorLines.asReason();
    }

    /** Forwards this input to rank 0, on a thread of its own. */
    void forward(InputStream input) {
        daemon("stdin", () -> forwardAll(input));
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

    /** Sends a command; the host is lost if that fails. */
    void send(AgentCommand command) throws IOException {
        try {
            AgentWire.write(command, commands);
        } catch (IOException e) {
            // On a thread of its own: it may take a moment to learn how the agent has ended.
            daemon("lost", () -> lose(describeFailure(e)));
            throw e;
        }
    }

    private String describeFailure(IOException e) {
        String end = describeEnd();
        return process.isAlive() ? "it cannot be sent its orders: " + e.getMessage() : end;
    }

    private void daemon(String duty, Runnable task) {
        Thread thread = new Thread(task, "jhorovodrun-%s-%s".formatted(duty, host));
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Ends an agent that has not answered yet; closes the pipe of others, upon which the agent ends
     * what is left and then itself.
     */
    void hangUp() {
        isLost.set(true); // what happens from here on is no news
        if (!hasAnswered) {
            process.destroyForcibly(); // it holds nothing yet, and may be long in connecting
        }
        daemon("hang-up", this::closeCommands); // which a full pipe could hold up
    }

    private void closeCommands() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            process.destroy(); // it is going already
        }
    }

    /** Waits for the agent's end, and ends it if need be. */
    void awaitEnd(Duration timeout) {
        try {
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
