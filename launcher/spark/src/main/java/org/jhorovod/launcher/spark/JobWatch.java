package org.jhorovod.launcher.spark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;
import org.jhorovod.allreduce.collective.PeerLostException;
import org.jhorovod.allreduce.collective.StartException;
import org.jhorovod.allreduce.rendezvous.Deadline;

/**
 * How the tasks of one attempt end. Spark tells it on a thread of its own, and somewhat later than
 * whoever waits for the job.
 */
final class JobWatch extends SparkListener {
    /** The property of a Spark job that says which attempt it is. */
    static final String ATTEMPT = "jhorovod.attempt";

    /** Exceptions that another rank is likely to have caused. */
    private static final Set<String> MISSED =
            Set.of(PeerLostException.class.getName(), StartException.class.getName());

    private final String attempt;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<RankFailure> failures = new ArrayList<>(); // guarded by lock
    private int stage = -1; // guarded by lock; the ranks' is the last to be submitted

    JobWatch(String attempt) {
        this.attempt = attempt;
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted event) {
        Properties properties = event.properties();
        if (properties != null && attempt.equals(properties.getProperty(ATTEMPT))) {
            lock.lock();
            try {
                stage = event.stageInfo().stageId();
                failures.clear();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd event) {
        lock.lock();
        try {
            if (event.stageId() == stage && event.reason() instanceof TaskFailedReason reason) {
                failures.add(failure(event.taskInfo(), reason));
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private static RankFailure failure(TaskInfo task, TaskFailedReason reason) {
        String exceptionClass = "";
        String text = reason.toErrorString();
        RankFailure.Kind kind = RankFailure.Kind.OWN;
        if (reason instanceof ExceptionFailure failure) {
            exceptionClass = failure.className();
            text = failure.description();
            if (MISSED.contains(exceptionClass)) {
                kind = RankFailure.Kind.PEER_MISSED;
            }
        } else if (reason instanceof TaskKilled) {
            kind = RankFailure.Kind.KILLED;
        }
        return new RankFailure(
                task.index(), task.host(), task.executorId(), kind, exceptionClass, text);
    }

    /**
     * What is known of the failures once one may be the first; blocks until then.
     *
     * @param patience for how long at most
     */
    List<RankFailure> failures(Duration patience) {
        Deadline deadline = Deadline.after(patience);
        lock.lock();
        try {
            while (failures.stream().noneMatch(f -> f.kind() == RankFailure.Kind.OWN)
                    && !deadline.isOver()) {
                changed.awaitNanos(
                        Math.min(deadline.remainingNanos(), TimeUnit.SECONDS.toNanos(1)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        return snapshot();
    }

    private List<RankFailure> snapshot() {
        lock.lock();
        try {
            return List.copyOf(failures);
        } finally {
            lock.unlock();
        }
    }
}
