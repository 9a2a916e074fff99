package org.jhorovod.launcher.spark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.jhorovod.allreduce.collective.MismatchException;
import org.jhorovod.allreduce.config.ConfigurationException;
import org.jhorovod.allreduce.rendezvous.Secret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/*
 * Spark ends a barrier stage whose result is wanted when one of its tasks fails, and does not try it
 * again; so this does: a new attempt is a new job of Spark, with a secret of its own, so that ranks
 * of an earlier one that have not ended yet cannot meet those of the next.
 */
/** The ranks of a job as tasks of one barrier stage, submitted again when it fails. */
final class BarrierJob {
    private static final Logger logger = LoggerFactory.getLogger(BarrierJob.class);

    /** Spark's own name: a cancelled job's tasks are interrupted, not left to run on. */
    private static final String INTERRUPT = "spark.job.interruptOnCancel";

    /** For word of who failed first; a rank that was killed is missed after some seconds. */
    private static final Duration NEWS_PATIENCE = Duration.ofSeconds(10);

    /** What would fail again. */
    private static final Set<String> LASTING =
            Set.of(
                    SharedExecutorException.class.getName(),
                    MismatchException.class.getName(),
                    ConfigurationException.class.getName());

    private final JavaSparkContext spark;
    private final int numProc;
    private final int maxRestarts;

    BarrierJob(JavaSparkContext spark, int numProc, int maxRestarts) {
        if (numProc < 1 || maxRestarts < 0) {
            throw new IllegalArgumentException(
                    "A job needs at least one rank, not %d, and can be restarted 0 or more times, not %d."
                            .formatted(numProc, maxRestarts));
        }
        this.spark = spark;
        this.numProc = numProc;
        this.maxRestarts = maxRestarts;
    }

    /** Partitions for ranks that bring their own data. */
    static JavaRDD<Integer> emptyPartitions(JavaSparkContext spark, int count) {
        return spark.parallelize(List.<Integer>of(), count);
    }

    /**
     * Runs all ranks, and again where that fails.
     *
     * @param partitions as many as ranks
     * @return what the ranks returned, in their order
     */
    <I, T> List<T> run(JavaRDD<I> partitions, RankBody<I, T> body) {
        if (partitions.getNumPartitions() != numProc) {
            throw new IllegalStateException(
                    "bug: %d partitions for %d ranks"
                            .formatted(partitions.getNumPartitions(), numProc));
        }
        int restarts = 0;
        while (true) {
            String attempt = UUID.randomUUID().toString();
            JobWatch watch = new JobWatch(attempt);
            try {
                return attempt(watch, attempt, partitions, body, restarts);
            } catch (Failed e) {
                if (restarts == maxRestarts || e.isLasting()) {
                    throw e.toException(restarts);
                }
                restarts++;
                logger.warn(
                        "The job failed: {}. It is begun anew, for time {} of {} at most.",
                        e.why(),
                        restarts,
                        maxRestarts);
            }
        }
    }

    private <I, T> List<T> attempt(
            JobWatch watch,
            String attempt,
            JavaRDD<I> partitions,
            RankBody<I, T> body,
            int restarts)
            throws Failed {
        SparkContext context = spark.sc();
        String interrupt = context.getLocalProperty(INTERRUPT);
        context.addSparkListener(watch);
        context.setLocalProperty(JobWatch.ATTEMPT, attempt);
        context.setLocalProperty(INTERRUPT, "true");
        try {
            ClassTag<T> type = ClassTag$.MODULE$.apply(Object.class);
            RankTask<I, T> task = new RankTask<>(attempt, restarts, Secret.random(), body);
            RDD<T> ranks = partitions.rdd().barrier().mapPartitions(task, false, type);
            return new ArrayList<>(JavaRDD.fromRDD(ranks, type).collect());
        } catch (Exception e) { // Spark throws checked ones too, which Scala does not declare
            throw new Failed(e, RankFailure.rootCause(watch.failures(NEWS_PATIENCE)));
        } finally {
            context.setLocalProperty(JobWatch.ATTEMPT, null);
            context.setLocalProperty(INTERRUPT, interrupt);
            context.removeSparkListener(watch);
        }
    }

    /** One attempt's end. */
    private final class Failed extends Exception {
        private static final long serialVersionUID = 1L;
        private final Exception ofSpark;
        private final transient Optional<RankFailure> rootCause;

        Failed(Exception ofSpark, Optional<RankFailure> rootCause) {
            super(ofSpark);
            this.ofSpark = ofSpark;
            this.rootCause = rootCause;
        }

        /** Whether another attempt would fail as well. */
        boolean isLasting() {
            // Where no rank has failed, none has run.
            return rootCause.map(root -> LASTING.contains(root.exceptionClass())).orElse(true);
        }

        String why() {
            return rootCause
                    .map(root -> root.describe() + " failed first")
                    .orElseGet(() -> String.valueOf(ofSpark.getMessage()));
        }

        RankFailedException toException(int restarts) {
            String often = restarts == 0 ? "" : " It had been begun anew %d times.";
            return new RankFailedException(
                    "The job of %d ranks failed: %s.%s"
                            .formatted(numProc, why(), often.formatted(restarts)),
                    rootCause.map(RankFailure::rank).orElse(-1),
                    rootCause.map(RankFailure::host).orElse(""),
                    ofSpark);
        }
    }
}
