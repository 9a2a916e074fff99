package org.jhorovod.launcher.job;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jhorovod.launcher.output.Console;
import org.jhorovod.launcher.report.ReportFile;
import org.jhorovod.launcher.report.RunFacts;
import org.jspecify.annotations.Nullable;

/**
 * One job from its start to the launcher's exit code, over as many attempts as {@link RestartRule}
 * allows. For one use.
 */
public final class Job {
    private final JobSpec spec;
    private final RestartRule rule;
    private final Console console;
    private final InputStream input;
    private final Optional<ReportFile> report;
    private final AttemptHistory history = new AttemptHistory();
    private final Object lock = new Object();

    @GuardedBy("lock")
    private @Nullable Attempt current; // null between attempts

    @GuardedBy("lock")
    private int interruption; // the signal; 0 if there was none

    /** A job of which no report is written; see the other constructor. */
    public Job(JobSpec spec, RestartRule rule, Console console, InputStream input) {
        this(spec, rule, console, input, Optional.empty());
    }

    /**
     * A job that prints to this console.
     *
     * @param rule whether it is started again when it fails
     * @param input what rank 0 of the first attempt reads; read on a thread of its own, and left
     *     open
     * @param report what is written after each attempt, if anything
     */
    public Job(
            JobSpec spec,
            RestartRule rule,
            Console console,
            InputStream input,
            Optional<ReportFile> report) {
        this.report = report;
        this.spec = spec;
        this.rule = rule;
        this.console = console;
        this.input = input;
    }

    /**
     * Runs the job, which takes as long as its ranks do.
     *
     * @return what the launcher exits with
     * @throws IOException if an agent or the rendezvous cannot be started
     */
    public int run() throws IOException, InterruptedException {
        JobSpec next = spec;
        Duration delay = Duration.ZERO;
        while (true) {
            long start = System.nanoTime();
            Attempt attempt = attemptAt(next);
            AttemptEnd end = run(attempt);
            Duration ran = Duration.ofNanos(System.nanoTime() - start);
            history.add(next, delay, ran, end);
            write(next, attempt, end, ran);
            RestartRule.Decision decision = rule.decide(history.ends());
            if (!(decision instanceof RestartRule.Decision.Again again)) {
                conclude((RestartRule.Decision.Stop) decision);
                return end.exitCode();
            }
            announce(again);
            delay = again.delay();
            int signal = pause(delay);
            if (signal != 0) {
                tell("ended by %s between two attempts".formatted(ExitCode.signalName(signal)));
                conclude(new RestartRule.Decision.Stop(""));
                return ExitCode.ofSignal(signal);
            }
            next = spec.again(again.places(), history.ends().size());
        }
    }

    private Attempt attemptAt(JobSpec attemptSpec) {
        boolean isFirst = attemptSpec.generation() == 0;
        console.beginAttempt();
        return new Attempt(
                attemptSpec,
                rule.maxRestarts() == 0 ? "the job" : "attempt " + (attemptSpec.generation() + 1),
                console,
                isFirst ? input : InputStream.nullInputStream());
    }

    private AttemptEnd run(Attempt attempt) throws IOException, InterruptedException {
        synchronized (lock) {
            current = attempt;
            if (interruption != 0) {
                attempt.interrupt(interruption);
            }
        }
        try {
            return attempt.run();
        } finally {
            synchronized (lock) {
                current = null;
            }
        }
    }

    /** Writes the report, if one is wanted. */
    private void write(JobSpec attemptSpec, Attempt attempt, AttemptEnd end, Duration ran) {
        if (report.isEmpty()) {
            return;
        }
        try {
            RunFacts facts = AttemptFacts.of(attemptSpec, attempt.exits(), end, ran, history);
            report.get().write(facts, attempt.summary());
        } catch (IOException | RuntimeException e) { // whatever it is, the job's own end counts
            tell(
                    "the report %s cannot be written: %s; name a file in a folder that you may write to, with room for it"
                            .formatted(report.get().path(), e));
        }
    }

    private void announce(RestartRule.Decision.Again again) {
        long hosts = again.places().stream().map(place -> place.host()).distinct().count();
        tell(
                "attempt %d of %d starts in %d s, with %s on %s"
                        .formatted(
                                history.ends().size() + 1,
                                rule.maxRestarts() + 1,
                                again.delay().toSeconds(),
                                AttemptHistory.count(again.places().size(), "rank"),
                                AttemptHistory.count(hosts, "host")));
    }

    private void conclude(RestartRule.Decision.Stop stop) {
        if (!stop.why().isEmpty()) {
            tell("the job is not started again: " + stop.why());
        }
        if (history.ends().size() > 1) {
            tell(history.describe());
        }
    }

    /** Waits before the next attempt; returns the signal that ends the launcher, or 0. */
    private int pause(Duration delay) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + delay.toNanos();
        synchronized (lock) {
            long leftNanos = deadlineNanos - System.nanoTime();
            while (interruption == 0 && leftNanos > 0) {
                TimeUnit.NANOSECONDS.timedWait(lock, leftNanos);
                leftNanos = deadlineNanos - System.nanoTime();
            }
            return interruption;
        }
    }

    /**
     * Somebody wants the job to end: the first time ranks are asked to, the second time they are
     * killed, the third time this process ends without waiting for them. Does not block.
     *
     * @param signalNumber of the signal by which they want it; the exit code is 128 + this
     */
    public void interrupt(int signalNumber) {
        synchronized (lock) {
            interruption = signalNumber;
            lock.notifyAll();
            if (current != null) {
                current.interrupt(signalNumber);
            }
        }
    }

    private void tell(String text) {
        console.tell("jhorovodrun: " + text);
    }
}
