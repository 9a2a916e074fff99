package org.jhorovod.launcher.job;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jhorovod.allreduce.rendezvous.Deadline;

/**
 * Waits until every host has given an answer, or will not: one that fails does not keep the others
 * from telling what is wrong with them too.
 *
 * @param <A> the answer
 */
final class RollCall<A extends JobEvent.Answer> {
    private final Class<A> kind;
    private final Set<String> waiting;
    private final Map<String, A> answers = new LinkedHashMap<>();
    private final Map<String, A> lastAnswers = new LinkedHashMap<>();
    private final Map<String, String> failures = new LinkedHashMap<>();
    private int interruption;

    RollCall(Class<A> kind, Collection<String> hosts) {
        this.kind = kind;
        this.waiting = new TreeSet<>(hosts);
    }

    /** Takes events until nothing more is to be waited for, or the deadline has passed. */
    void run(BlockingQueue<JobEvent> events, Deadline deadline) throws InterruptedException {
        while (!waiting.isEmpty() && interruption == 0) {
            JobEvent event = events.poll(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
            if (event == null) {
                return;
            }
            take(event);
        }
    }

    /** Takes one event. */
    void take(JobEvent event) {
        if (kind.isInstance(event)) {
            A answer = kind.cast(event);
            if (waiting.remove(answer.host())) {
                answers.put(answer.host(), answer);
                lastAnswers.put(answer.host(), answer);
            }
        } else if (event instanceof JobEvent.AgentLost lost) {
            waiting.remove(lost.host());
            answers.remove(lost.host());
            failures.put(lost.host(), lost.how());
        } else if (event instanceof JobEvent.Interrupted interrupted) {
            interruption = interrupted.signalNumber();
        }
    }

    /** The hosts of which nothing was heard. */
    Set<String> silent() {
        return waiting;
    }

    /** By host. */
    Map<String, A> answers() {
        return answers;
    }

    /** What a host answered, even if it was lost then: the answer may tell why. */
    Optional<A> lastAnswer(String host) {
        return Optional.ofNullable(lastAnswers.get(host));
    }

    /** Why hosts cannot answer any more, by host. */
    Map<String, String> failures() {
        return failures;
    }

    /** The signal that ended the waiting; 0 if none did. */
    int interruption() {
        return interruption;
    }
}
