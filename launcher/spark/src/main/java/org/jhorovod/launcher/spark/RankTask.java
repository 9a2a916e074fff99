package org.jhorovod.launcher.spark;

import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.jhorovod.allreduce.GatheredJob;
import org.jhorovod.allreduce.JHorovod;
import org.jhorovod.allreduce.collective.Communicator;
import org.jhorovod.allreduce.config.Configuration;
import org.jhorovod.allreduce.config.Settings;
import org.jhorovod.allreduce.rendezvous.Secret;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/*
 * A rank as a task of a barrier stage:
 *   take the process's one place -> gather hosts and the store's address over Spark -> join -> do the
 *   work -> leave, so that the executor can be used again.
 */
/** One rank's task; made by the driver, run in an executor. */
final class RankTask<I, T> extends AbstractFunction1<Iterator<I>, Iterator<T>>
        implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String attempt;
    private final int restarts;
    private final String secret; // travels in the task alone; nothing shows a task's fields
    private final RankBody<I, T> body;

    /** The same for all ranks of an attempt. */
    RankTask(String attempt, int restarts, Secret secret, RankBody<I, T> body) {
        this.attempt = attempt;
        this.restarts = restarts;
        this.secret = secret.encoded();
        this.body = body;
    }

    @Override
    public Iterator<T> apply(Iterator<I> partition) {
        BarrierTaskContext task = BarrierTaskContext.get();
        int rank = task.partitionId();
        String executor = "executor %s".formatted(SparkEnv.get().executorId());
        Duration patience = Configuration.fromProcess().get(Settings.START_TIMEOUT);
        try (RankSlot slot = RankSlot.take(attempt, rank, executor, patience);
                GatheredJob job = meet(task)) {
            return scala.collection.Iterator$.MODULE$.single(work(job, elements(partition)));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("Rank %d failed: %s".formatted(rank, e), e);
        }
    }

    private GatheredJob meet(BarrierTaskContext task) {
        int size = task.getTaskInfos().length;
        return GatheredJob.meet(
                task.partitionId(),
                size,
                Secret.of(secret),
                line -> Arrays.asList(task.allGather(line)));
    }

    private T work(GatheredJob job, java.util.Iterator<I> partition) throws Exception {
        Communicator communicator = JHorovod.init(job.membership());
        try {
            return body.call(new RankContext(communicator, restarts), partition);
        } finally {
            JHorovod.shutdown();
        }
    }

    private static <I> java.util.Iterator<I> elements(Iterator<I> partition) {
        return new java.util.Iterator<>() {
            @Override
            public boolean hasNext() {
                return partition.hasNext();
            }

            @Override
            public I next() {
                return partition.next();
            }
        };
    }
}
